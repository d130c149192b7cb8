import { type Clock, type Logger, silentLogger, sleep } from '@cachewarmer/queue'
import { checkWhole, isVmssError, VmssError } from '../errors.ts'
import { acceleratedFor, scaleSetBody } from './body.ts'
import type { ComputePort, Operation } from './compute-port.ts'
import { costOf, MachineHours } from './cost.ts'
import { type Action, isComplete, nextAction, runsAll, type Situation, stateOf } from './decide.ts'
import {
  afterAll,
  afterFailure,
  afterNothing,
  afterSuccess,
  type Deed,
  freshMemory,
  Notes,
  nextCandidate,
} from './memory.ts'
import type { KeepOptions, ScaleSet, ScaleSetPorts, ScaleSetView, WaitOptions, WantOptions } from './scale-set.ts'
import { ownerTag, type ScaleSetSettings } from './settings.ts'
import { Waiters } from './waiters.ts'
import { RepeatGuard, Watch, type WillDo } from './watch.ts'

/** Opens the scale set of these settings. Nothing is asked of Azure before something is wanted. */
export function openScaleSet(
  port: ComputePort,
  settings: ScaleSetSettings,
  { clock, logger = silentLogger }: ScaleSetPorts,
  { readMs = 10_000 }: KeepOptions = {},
): ScaleSet {
  return new Keeper(port, settings, { clock, logger: logger.child({ scaleSet: settings.name }), readMs })
}

interface Busy {
  readonly kind: Exclude<Deed, 'look'>
  readonly stop: AbortController
}

interface KeeperPorts {
  readonly clock: Clock
  readonly logger: Logger
  readonly readMs: number
}

/**
 * The loop behind a scale set: look where that is due, decide, do one thing, sleep until something happens.
 *
 * Only the loop talks to the port, one call at a time. What comes from outside, a changed wish or the end of an operation,
 * changes a field and wakes the loop, which then decides anew from everything it knows. So there is no order of events
 * that it must have thought of, and a manager that is started again is just one that knows less.
 */
class Keeper implements ScaleSet {
  readonly #port: ComputePort
  readonly #settings: ScaleSetSettings
  readonly #ports: KeeperPorts
  readonly #watch: Watch
  readonly #hours = new MachineHours()
  readonly #notes = new Notes()
  readonly #waiters = new Waiters()
  readonly #guard = new RepeatGuard()
  readonly #closed = new AbortController()
  /** What failed before and when to try again; `memory.ts` has the rules. */
  #memory = freshMemory
  /** What Azure is at. Waiting for it may be given up for something more urgent. */
  #busy: Busy | undefined
  /** What Azure was last asked to do. */
  #begun: Busy['kind'] | undefined
  #wanted = 0
  /** Who is at work, as it was when machines were last wanted. */
  #working: ReadonlySet<string> = new Set()
  /** The machine hours are used up, until nothing is wanted any more. */
  #spent = false
  /** Runs from the first wish on, so that who only looks costs nothing. */
  #loop: Promise<void> | undefined
  #wake = new AbortController()
  #lastReason = ''

  constructor(port: ComputePort, settings: ScaleSetSettings, ports: KeeperPorts) {
    this.#port = port
    this.#settings = settings
    this.#ports = ports
    this.#watch = new Watch(port, settings.name)
  }

  want(instances: number, { working = [] }: WantOptions = {}): void {
    checkWhole('wanted', instances, 0, Number.MAX_SAFE_INTEGER)
    const wanted = Math.min(instances, this.#settings.count)
    // New work is a new beginning: what was refused to the last job may be had by now.
    if (this.#wanted === 0 && wanted > 0) this.#beginAnew()
    const changed = wanted !== this.#wanted || this.#loop === undefined
    this.#wanted = wanted
    this.#working = new Set(working)
    if (this.#closed.signal.aborted) return
    this.#loop ??= this.#run()
    if (changed) this.#wake.abort()
  }

  observe(): ScaleSetView {
    const { set, instances, stale, seenAtMs } = this.#watch
    // Another owner's set is not ours, so its machines are not shown.
    const never = stale && seenAtMs === Number.NEGATIVE_INFINITY && this.#busy === undefined
    const { candidates } = this.#settings
    return {
      state: never ? 'unknown' : stateOf(this.#ours() ? set : undefined, instances, this.#busy?.kind),
      wanted: this.#wanted,
      running: this.#ours() ? instances.filter(({ state }) => state === 'running').length : 0,
      starting: this.#ours() ? instances.filter(({ state }) => state === 'starting').length : 0,
      candidate: candidates[this.#memory.candidate] ?? candidates[0],
      machineHours: this.#hours.spentMs / 3_600_000,
      cost: costOf(this.#hours, this.#settings),
      problem: this.#memory.problem?.error,
      notes: this.#notes.all,
    }
  }

  async ensureCapacity(instances: number, options: WaitOptions & WantOptions = {}): Promise<ScaleSetView> {
    this.#tryAgain()
    this.want(instances, options)
    this.#wake.abort()
    return this.#waiters.until(() => {
      const { problem, hopeless } = this.#memory
      const view = this.observe()
      if (view.running >= this.#wanted && view.state !== 'unknown') return view
      if (this.#spent) throw this.#error('QUOTA', `the machine hours are used up: ${view.machineHours.toFixed(1)}`)
      if (hopeless && problem) throw problem.error
      return undefined
    }, options.signal)
  }

  async ensureDeleted(options: WaitOptions = {}): Promise<'deleted' | 'absent'> {
    this.#tryAgain()
    // Another manager may have made it since the last look: a deletion has to be sure.
    this.#watch.invalidate()
    this.want(0)
    this.#wake.abort()
    let present = false
    return this.#waiters.until(() => {
      const { problem, hopeless } = this.#memory
      present ||= this.#busy !== undefined || this.#watch.set !== undefined
      if (hopeless && problem && (problem.during === 'look' || problem.during === 'delete-set')) throw problem.error
      if (this.#watch.stale || this.#busy !== undefined || this.#watch.set !== undefined) return undefined
      return present ? 'deleted' : 'absent'
    }, options.signal)
  }

  async close(): Promise<void> {
    this.#closed.abort()
    this.#busy?.stop.abort()
    this.#wake.abort()
    await this.#loop
    this.#waiters.rejectAll(this.#error('FAILED', 'it was closed during a wait'))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #run(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      // Made before the step, so that what happens during it is not slept through.
      this.#wake = new AbortController()
      const pauseMs = await this.#step()
      this.#waiters.tell()
      if (pauseMs > 0) await sleep(this.#ports.clock, pauseMs, this.#wake.signal).catch(() => undefined)
    }
  }

  /** Does one thing, and says how long there is nothing else to do unless something happens. */
  async #step(): Promise<number> {
    const { clock } = this.#ports
    const calmMs = this.#memory.callAtMs - clock.now()
    if (calmMs > 0) return calmMs
    try {
      if (this.#mustLook(clock.now())) await this.#look()
    } catch (error) {
      this.#failed(error, 'look')
      return 0
    }
    if (!this.#ours()) return this.#pauseMs()
    const action = nextAction(this.#situation(), {
      ...this.#settings,
      accelerated: (size) => acceleratedFor(this.#settings, size),
    })
    this.#report(action)
    if (action.kind === 'wait') {
      this.#settle()
      return this.#pauseMs()
    }
    if (action.kind === 'next-size') {
      this.#memory = nextCandidate(this.#memory, { nowMs: clock.now(), candidates: this.#settings.candidates.length })
      return 0
    }
    if (this.#guard.isRepeat(action, this.#sight())) {
      this.#notes.add(`${action.kind}: Azure says it is done, and nothing has changed`)
      this.#memory = afterNothing(this.#memory, action.kind, clock.now())
      return 0
    }
    try {
      this.#begin(action.kind, await perform(this.#port, this.#settings, action, this.#closed.signal))
    } catch (error) {
      this.#failed(error, action.kind)
    }
    return 0
  }

  /** When all is as it is wanted, there is nothing to remember but what worked. */
  #settle(): void {
    const { set, instances } = this.#watch
    if (this.#wanted > 0 && runsAll(instances, this.#wanted)) this.#memory = afterAll(this.#memory)
    if (this.#wanted === 0 && set === undefined && this.#busy === undefined) this.#memory = freshMemory
  }

  #sight(): unknown {
    return [this.#watch.set, this.#watch.instances]
  }

  #mustLook(nowMs: number): boolean {
    const { set, stale, seenAtMs } = this.#watch
    // What Azure is at is seen best when it is done with it.
    if (stale) return this.#busy === undefined
    // Without a set there is nothing to see, and another owner's set matters only when machines are wanted.
    if (this.#busy === undefined && (set === undefined || (this.#wanted === 0 && !this.#ours()))) return false
    return nowMs - seenAtMs >= this.#ports.readMs
  }

  async #look(): Promise<void> {
    const nowMs = this.#ports.clock.now()
    // The machines tell enough as long as they are what they should be, or Azure is still making them so.
    const willDo: WillDo = (set, instances) =>
      this.#busy !== undefined || (set.state === 'ready' && this.#wanted > 0 && isComplete(instances, this.#wanted))
    const before = this.#watch.set?.state
    const seen = await this.#watch.look(nowMs, willDo, { signal: this.#closed.signal })
    if (seen === 'gone' && before !== 'deleting' && this.#begun !== 'delete-set')
      this.#notes.add('the scale set was deleted by another client')
    if (this.#busy === undefined) this.#guard.saw(this.#sight())
    this.#memory = afterSuccess(this.#memory, 'look')
    if (!this.#ours()) {
      const owner = this.#watch.set?.tags[ownerTag]
      const whose = owner === undefined ? `has no tag ${ownerTag}` : `belongs to ${JSON.stringify(owner)}`
      throw this.#error(
        'NOT_OURS',
        `a scale set of this name ${whose}, not to ${JSON.stringify(this.#settings.owner)}; it is left alone`,
      )
    }
    this.#hours.see(this.#watch.instances, this.#watch.set?.spot === false ? 'regular' : 'spot', nowMs)
    if (this.#wanted === 0 || this.#spent || this.#hours.spentMs < this.#settings.maxMachineMs) return
    this.#spent = true
    this.#notes.add('the machine hours are used up, so the machines go')
  }

  #ours(): boolean {
    const { set } = this.#watch
    return set === undefined || set.tags[ownerTag] === this.#settings.owner
  }

  #situation(): Situation {
    const { set, instances } = this.#watch
    return {
      nowMs: this.#ports.clock.now(),
      set,
      instances,
      busy: this.#busy?.kind,
      wanted: this.#wanted,
      working: this.#working,
      spent: this.#spent,
      memory: this.#memory,
    }
  }

  /** Waits for Azure in the background; what was waited for before is given up. */
  #begin(kind: Busy['kind'], operation: Operation): void {
    this.#busy?.stop.abort()
    const busy: Busy = { kind, stop: new AbortController() }
    this.#busy = busy
    this.#begun = kind
    const ended = (error?: unknown): void => {
      // An operation that was given up for another one no longer counts.
      if (this.#busy !== busy || this.#closed.signal.aborted) return
      this.#busy = undefined
      this.#watch.invalidate()
      if (error === undefined) this.#succeeded(kind)
      else this.#failed(error, kind)
      this.#wake.abort()
    }
    operation.finished({ signal: busy.stop.signal }).then(() => ended(), ended)
  }

  #succeeded(kind: Busy['kind']): void {
    this.#ports.logger.info(`${kind} is done`)
    this.#memory = afterSuccess(this.#memory, kind)
  }

  #failed(thrown: unknown, during: Deed): void {
    if (this.#closed.signal.aborted) return
    const error = isVmssError(thrown) ? thrown : this.#error('FAILED', String(thrown), thrown)
    // Another owner's set needs no second look.
    if (error.code !== 'NOT_OURS') this.#watch.invalidate()
    // What is to be deleted and not there is deleted.
    if (error.code === 'NOT_FOUND' && during.startsWith('delete-')) return
    const { candidates } = this.#settings
    const before = this.#memory.candidate
    // What failed may well be tried again as it is.
    this.#guard.forget()
    this.#memory = afterFailure(
      this.#memory,
      { error, during },
      {
        nowMs: this.#ports.clock.now(),
        candidates: candidates.length,
        wanted: this.#wanted,
      },
    )
    const next = this.#memory.candidate === before ? undefined : candidates[this.#memory.candidate]
    const then = next ? `; next: ${next.priority} ${next.size}` : ''
    // A hiccup is for the log; people hear of what stays.
    if (this.#memory.passing === 0 || this.#memory.passing >= 3) this.#notes.add(`${during}: ${error.message}${then}`)
    this.#ports.logger.warn(`${during} failed`, { code: error.code, error: error.message, next })
  }

  /** The next stretch of work has its own machine hours. */
  #beginAnew(): void {
    this.#tryAgain()
    this.#hours.reset()
    this.#spent = false
  }

  /** A new request, so what was refused may be asked for again. Azure's own wish to be left alone still counts. */
  #tryAgain(): void {
    const { candidate, passing, callAtMs } = this.#memory
    this.#memory = { ...freshMemory, candidate, passing, callAtMs: passing > 0 ? callAtMs : 0 }
  }

  #report({ kind, reason }: Action): void {
    const line = `${kind}: ${reason}`
    if (line === this.#lastReason) return
    this.#lastReason = line
    this.#ports.logger[kind === 'wait' ? 'debug' : 'info'](line)
  }

  /** Until the next look is due, or something may be tried again. */
  #pauseMs(): number {
    const nowMs = this.#ports.clock.now()
    const { growAtMs, shareUntilMs, callAtMs } = this.#memory
    const { set, seenAtMs } = this.#watch
    // Without a set and without a wish, nothing changes by itself.
    const watched = this.#busy !== undefined || (set !== undefined && (this.#wanted > 0 || this.#ours()))
    const times = [
      callAtMs,
      ...(this.#wanted > 0 ? [growAtMs, shareUntilMs] : []),
      ...(watched ? [seenAtMs + this.#ports.readMs] : []),
    ]
    const next = Math.min(...times.filter((time) => time > nowMs), nowMs + 24 * 3_600_000)
    return next - nowMs
  }

  #error(code: VmssError['code'], message: string, cause?: unknown): VmssError {
    return new VmssError(code, this.#settings.name, message, cause === undefined ? {} : { cause })
  }
}

/** What a decision may ask of Azure. */
type Request = Exclude<Action, { readonly kind: 'wait' | 'next-size' }>

/** Asks Azure for what was decided. The only place where anything is changed. */
function perform(
  port: ComputePort,
  settings: ScaleSetSettings,
  request: Request,
  signal: AbortSignal,
): Promise<Operation> {
  const { name } = settings
  switch (request.kind) {
    case 'create':
      return port.create(name, scaleSetBody(settings, request.candidate, request.capacity), { signal })
    case 'resize':
      return port.resize(name, { capacity: request.capacity, size: request.size }, { signal })
    case 'delete-instances':
      return port.deleteInstances(name, request.ids, { signal })
    case 'delete-set':
      return port.delete(name, { signal })
  }
}
