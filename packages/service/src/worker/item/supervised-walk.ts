import { decideSplit, type RunStatus, type SplitDecision } from '@cachewarmer/core'
import { type Logger, orIfAbsent, type Queue, sleep } from '@cachewarmer/queue'
import { type TakenPart, type Walk, WalkError, type WalkFailure } from '@cachewarmer/walker'
import type { WorkerPorts, WorkerSettings } from '../ports.ts'
import { isAdmitted, type RunCeilings } from '../runs/limits.ts'
import type { RunDirectory } from '../runs/run-directory.ts'
import { type HeldItem, type RunShares, sliceMs } from '../runs/work-source.ts'
import type { Attempt } from './attempt.ts'
import type { Heartbeats } from './heartbeats.ts'

/** Failures held back before they are sent as a part, so that a tree of unreadable files needs no memory. */
const failuresAtOnce = 500
const tickMs = 100
/** Between two looks at whether other runs wait for their share of this worker. */
const shareMs = 2_000
/** With every address away for this long, the rest goes back into the queue and waits there. */
const awayMs = 5_000
/** Each listing that parts were handed away from is a family that the result names, which has to fit one message. */
const mostFamilies = 128

export interface Supervision {
  readonly ports: WorkerPorts
  readonly settings: WorkerSettings
  readonly directory: RunDirectory
  readonly ceilings: RunCeilings
  readonly heartbeats: Heartbeats
  /** The walk is held to the run's ceilings. */
  readonly limited: boolean
  /** Aborted once requests that wait for the run's ceilings are to be given up; the walk stops then. */
  readonly halt: AbortController
  readonly shares: RunShares
  readonly item: HeldItem
  readonly work: Queue
  readonly run: string
  readonly attempt: Attempt
  readonly stopTaking: AbortSignal
  readonly logger: Logger
}

/**
 * Stands beside a walk until it ends: sends heartbeats and failures, and splits. Handing back on request, splitting for idle
 * workers and splitting when the budget is over are one operation: the walk stops, and what it had not begun becomes
 * children. Only while a listing of many pages is open, which no other worker could take over, parts are handed away in passing.
 */
export async function superviseWalk(walk: Walk, supervision: Supervision, signal: AbortSignal): Promise<void> {
  const { clock } = supervision.ports
  const ended = new AbortController()
  const walkEnd = walk.done.finally(() => ended.abort(walkEnded))
  // The walk's own failure is awaited below; here it must not count as unhandled while the supervisor still works.
  walkEnd.catch(() => undefined)
  const supervisor = new Supervisor(walk, supervision, signal)
  while (!ended.signal.aborted) {
    try {
      await sleep(clock, tickMs, ended.signal)
    } catch (error) {
      if (error !== walkEnded) throw error
      break
    }
    await supervisor.tick()
  }
  await walkEnd
  await supervisor.finish()
}

const walkEnded = new Error('the walk ended')

class Supervisor {
  readonly #walk: Walk
  readonly #with: Supervision
  readonly #signal: AbortSignal
  #shareAtMs: number
  #stopped = false
  /** False once the run is about to end: no worker would read the rest. */
  #handsOn = true
  #awaySinceMs: number | undefined
  #ways = 2
  #failures: WalkFailure[] = []

  constructor(walk: Walk, supervision: Supervision, signal: AbortSignal) {
    this.#walk = walk
    this.#with = supervision
    this.#signal = signal
    const now = supervision.ports.clock.now()
    this.#shareAtMs = now + sliceMs
  }

  async tick(): Promise<void> {
    const now = this.#with.ports.clock.now()
    if (this.#with.stopTaking.aborted) return this.#stop()
    const status = await this.#with.directory.status(this.#with.run, this.#signal)
    if (status === undefined || status.state === 'ended') throw new RunOverError(this.#with.run)
    if (status.ending) this.#handsOn = false
    if (status.state === 'paused' || !isAdmitted(status, this.#with.settings.name)) return this.#halt()
    if (!this.#with.ceilings.update(status, this.#with.limited)) return this.#stop()
    this.#awaySinceMs = this.#walk.allDown ? (this.#awaySinceMs ?? now) : undefined
    if (this.#awaySinceMs !== undefined && now - this.#awaySinceMs >= awayMs) return this.#stop()
    if (now >= this.#shareAtMs && (await this.#makesRoom(now))) return this.#stop()
    await this.#with.heartbeats.sendIfDue(status, this.#signal)
    await this.#sendFailures(failuresAtOnce)
    if (!this.#stopped) await this.#considerSplit(status)
  }

  /** Whether another run, which has less of this worker than its weight says, waits for what this one has too much of. */
  async #makesRoom(now: number): Promise<boolean> {
    const { directory, shares, item } = this.#with
    this.#shareAtMs = now + shareMs
    // A listing that can't be resumed elsewhere would begin anew, again and again where it takes longer than a slice.
    if (this.#stopped || this.#walk.listing || !this.#hasFinishedSomething) return false
    const live = await directory.live(this.#signal)
    for (const { run } of shares.inFavourOf(item, live)) {
      const work = live.find((one) => one.run === run)?.work
      if (work === undefined || !(await hasItems(work, this.#signal))) continue
      // Another item of this run may have made room since.
      if (shares.inFavourOf(item, live).length === 0) return false
      shares.leave(item)
      return true
    }
    return false
  }

  /** After the walk: the rest becomes children, the last failures go out. */
  async finish(): Promise<void> {
    const rest = this.#handsOn ? this.#walk.rest() : []
    if (rest.length > 0) await this.#handAway(rest.map((part) => ({ part })))
    await this.#sendFailures(1)
  }

  /** Stops at once, where a stop to split lets requests have their turn that wait for a ceiling. */
  #halt(): void {
    this.#stop()
    this.#with.halt.abort(new WalkError('MOUNT_DOWN', 'the walk stops, and waits for no ceiling'))
  }

  #stop(): void {
    this.#stopped = true
    this.#walk.stop()
  }

  async #considerSplit(status: RunStatus): Promise<void> {
    const capacity = Math.max(1, status.progress.workers) * this.#with.settings.slots
    // Where not even an empty work queue would ask for a split, it need not be looked at.
    if (this.#decide(capacity, 0).action === 'go-on') return
    const depth = await this.#with.directory.depth(this.#with.run, this.#signal)
    const decision = this.#decide(capacity, depth)
    if (decision.action === 'go-on') return
    this.#ways = decision.ways
    if (decision.action === 'stop') return this.#stop()
    await this.#handAway(this.#walk.take(Number.POSITIVE_INFINITY))
  }

  async #handAway(parts: readonly TakenPart[]): Promise<void> {
    const { attempt, directory, run } = this.#with
    directory.sent(run, await attempt.handAway(parts, this.#ways, this.#signal))
  }

  #decide(capacity: number, depth: number): SplitDecision {
    const { attempt, settings } = this.#with
    return decideSplit({
      depth,
      capacity,
      pending: this.#walk.pending,
      elapsedMs: attempt.elapsedMs,
      budgetMs: settings.budgetMs,
      progressed: this.#hasFinishedSomething,
      takeable: this.#walk.listing && attempt.families < mostFamilies,
    })
  }

  /**
   * An attempt that has finished nothing yet would hand back just what it was given, for ever: under a low ceiling, or
   * where a file takes longer than a slice or the budget. What arrived of a file that is not read through every address
   * does not count: it is read again.
   */
  get #hasFinishedSomething(): boolean {
    const { directories, files, chunks, failures } = this.#walk.counters
    return directories > 0 || files > 0 || chunks > 0 || Object.keys(failures).length > 0
  }

  async #sendFailures(atLeast: number): Promise<void> {
    this.#failures.push(...this.#walk.takeFailures())
    if (this.#failures.length < atLeast) return
    const failures = this.#failures
    this.#failures = []
    await this.#with.attempt.sendFailures(failures, this.#signal)
  }
}

const hasItems = async (work: Queue, signal: AbortSignal): Promise<boolean> =>
  (await orIfAbsent(work.peek({ max: 1, signal }), [])).length > 0

/** The manager has ended the run: nothing of it is worth doing or saying any more. */
export class RunOverError extends Error {
  override readonly name = 'RunOverError'

  constructor(run: string) {
    super(`run ${run} is over`)
  }
}
