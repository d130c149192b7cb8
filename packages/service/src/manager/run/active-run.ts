import { once } from 'node:events'
import { type EarlierRun, encodeItem, type Outcome, type Prefix, type RunStatus, rootItem } from '@cachewarmer/core'
import { type Logger, type Queue, sleep } from '@cachewarmer/queue'
import { spelledDuration } from '../../report/index.ts'
import type { RunDemand } from '../fleet/capacity.ts'
import type { Ledger, RunRecord } from '../ledger/ledger.ts'
import { type ManagerPorts, type ManagerSettings, tell, wallMs } from '../ports.ts'
import { removeRunQueues } from '../upkeep/housekeeping.ts'
import { mayPass, patiently } from '../upkeep/patience.ts'
import {
  admittedOf,
  contradictionOf,
  isWoundDown,
  lossProblem,
  mostOf,
  nextAction,
  outcomeOf,
  Stillness,
  stateOf,
  unreportedOf,
  type WindDown,
} from './decisions.ts'
import { beganBy, earlierRun, earlierTotals } from './earlier.ts'
import { Expectation, sampleFiles, warmingEstimate } from './expected.ts'
import { ListFeed } from './list-feed.ts'
import { namesOf, resolveHosts } from './names.ts'
import { RunProgress } from './progress.ts'
import { collectResults } from './results.ts'
import { StatusPost, sampleFailures, statusOf } from './status.ts'

/** How often a run is looked at for lost items. */
const watchMs = 5_000

/** How a run ended, or `undefined` where this manager lets go of it: it stops, or another one has the job. */
export type RunEnd = Outcome | undefined

/**
 * One run, from its queues to its report. Every step is done again after a crash where the ledger does not say that it
 * was done; doing one twice does no harm.
 */
export class ActiveRun {
  readonly #ports: ManagerPorts
  readonly #settings: ManagerSettings
  readonly #prefix: Prefix
  readonly #post: StatusPost
  readonly #logger: Logger
  readonly #ending = new AbortController()
  /** Brings the job's list to the workers, where it has one. */
  readonly #feed: ListFeed | undefined
  #progress: RunProgress
  #record: RunRecord

  constructor(ports: ManagerPorts, settings: ManagerSettings, record: RunRecord) {
    this.#ports = ports
    this.#settings = settings
    this.#record = record
    this.#prefix = settings.prefix
    this.#post = new StatusPost(ports.service.queue(this.#prefix.runStatus(record.run)), settings.retainMs)
    this.#logger = ports.logger.child({ run: record.run, job: record.job.jobId ?? record.jobMessageId })
    this.#progress = this.#beginning()
    this.#feed = ListFeed.of(ports, settings, record)
    if (record.job.mode === 'estimate') this.#earlier = earlierRun(ports.ledger, record)
  }

  get record(): RunRecord {
    return this.#record
  }

  get demand(): RunDemand {
    const { announced, done } = this.#ledger.totals(this.#record.run)
    return {
      run: this.#record.run,
      held: this.#progress.held(this.#ports.clock.now()),
      outstandingItems: announced - done,
      paused: this.#record.paused || this.#windDown !== undefined || this.#awaitsNames,
      maxWorkers: this.#maxWorkers,
    }
  }

  get #maxWorkers(): number | undefined {
    return this.#record.ceilings.maxWorkers
  }

  #beginning(): RunProgress {
    const { job, startedAtMs } = this.#record
    const expectation = new Expectation(job, earlierTotals(this.#ports.ledger, job))
    return new RunProgress(startedAtMs, this.#ports.clock.now(), expectation)
  }

  /** Runs until the last item is folded, the run is cancelled or lost, or `signal` says to let go. */
  async execute(signal: AbortSignal): Promise<RunEnd> {
    const { service } = this.#ports
    const { run } = this.#record
    // The status comes first: by it another manager, with another ledger, finds what there is of this run.
    await service.create(this.#prefix.runStatus(run), { signal })
    await this.#writeStatus()
    const joined = AbortSignal.any([signal, this.#ending.signal])
    let failure = this.#awaitsNames ? await this.#resolveNames(joined) : undefined
    if (failure === undefined && !joined.aborted) {
      for (const name of [this.#prefix.runWork(run), this.#prefix.runResults(run)])
        await service.create(name, { signal })
      if (this.#feed === undefined) await this.#sendRoot(signal)
      // What the list names is warm first: the root comes once all of that is with the workers.
      const feeding = this.#feed === undefined ? [] : [this.#bringList(this.#feed, joined)]
      const loops = [this.#collect(joined), this.#showStatus(joined), this.#watch(joined), ...feeding]
      failure = await firstFailure(loops, this.#ending)
    }
    if (this.#outcome !== undefined) {
      await this.#end(this.#outcome, signal)
      return this.#outcome
    }
    if (failure !== undefined && !signal.aborted) throw failure.reason
    return undefined
  }

  /** Names stand for addresses, and it is not known yet for which. */
  get #awaitsNames(): boolean {
    const { job, hosts, rootSent } = this.#record
    return this.#ports.resolveName !== undefined && hosts === undefined && !rootSent && namesOf(job).length > 0
  }

  /** No worker finds the run before its status says what it is read through. */
  async #resolveNames(signal: AbortSignal): Promise<Failure | undefined> {
    const named = new AbortController()
    const joined = AbortSignal.any([signal, named.signal])
    const failure = await firstFailure([this.#nameHosts(joined), this.#showStatus(joined)], named)
    if (failure !== undefined || signal.aborted) return failure
    return firstFailure([patiently(this.#ports, signal, () => this.#post.post(this.#look()))], named)
  }

  async #nameHosts(signal: AbortSignal): Promise<void> {
    const { clock, resolveName } = this.#ports
    const { run, job, warnings } = this.#record
    if (resolveName === undefined) return
    const onWait = (why: string): void => {
      this.#waitsForNames = why
    }
    const decision = await resolveHosts(job, {
      resolveName,
      clock,
      signal,
      isPaused: () => this.#record.paused,
      onWait,
    })
    this.#waitsForNames = undefined
    if ('refuse' in decision) return this.#finish('refused', decision.refuse)
    const change = {
      job: { ...job, addresses: [...decision.addresses] },
      hosts: decision.hosts,
      warnings: [...warnings, ...decision.warnings],
    }
    await patiently(this.#ports, signal, () => this.#ledger.update(run, change))
    this.#record = { ...this.#record, ...change }
  }

  /** What was read stays read and is counted, the rest is not begun: workers stop, and the run ends within ten seconds. */
  cancel(): void {
    this.#endEarly('cancelled')
  }

  /**
   * Of a run that is over in the ledger: its queues go, and its status says how it ended. That was written before, and is
   * older only where the queues are a copy from before the end.
   */
  async repeatEnd(signal: AbortSignal): Promise<void> {
    if (!(await this.saysEnd())) await patiently(this.#ports, signal, () => this.#writeLastStatus(signal))
    await removeRunQueues(this.#ports, this.#settings, this.#record.run)
  }

  /** Whether its status says that it ended. */
  saysEnd(): Promise<boolean> {
    return this.#post.saysEnd()
  }

  change(change: Partial<Pick<RunRecord, 'paused' | 'weight' | 'ceilings'>>): void {
    this.#ledger.update(this.#record.run, { ...change, revision: this.#record.revision + 1 })
    this.#record = { ...this.#record, ...change, revision: this.#record.revision + 1 }
    // Time that a run stood still on purpose is no sign of a filer that is away.
    this.#progress.rested(this.#ports.clock.now())
  }

  /** Looked up once: what an estimate counts on. */
  #earlier: EarlierRun | undefined
  #outcome: Outcome | undefined
  #windDown: WindDown | undefined
  /** Ends what brings more work to the workers. */
  readonly #feeding = new AbortController()
  #shown = { files: 0, bytes: 0 }
  #problem: string | undefined
  #waitsForNames: string | undefined

  get #ledger(): Ledger {
    return this.#ports.ledger
  }

  get #work(): Queue {
    return this.#ports.service.queue(this.#prefix.runWork(this.#record.run))
  }

  async #sendRoot(signal: AbortSignal): Promise<void> {
    if (this.#record.rootSent || this.#windDown !== undefined) return
    const { run, generation, job } = this.#record
    if (job.paths.length === 0) return
    const parts = job.paths.map((path) => ({ kind: 'tree' as const, path }))
    await this.#work.send(encodeItem({ v: 1, run, item: rootItem(generation), strikes: 0, parts }), { signal })
    await patiently(this.#ports, signal, () => this.#ledger.update(run, { rootSent: true }))
    this.#record = { ...this.#record, rootSent: true }
  }

  async #bringList(feed: ListFeed, signal: AbortSignal): Promise<void> {
    const feeding = AbortSignal.any([signal, this.#feeding.signal])
    try {
      await feed.execute(feeding, () => this.#sendRoot(feeding))
    } catch (error) {
      if (error !== endOfRun || signal.aborted) throw error
    }
    // The end of the list is not the end of the run.
    if (!signal.aborted) await once(signal, 'abort')
  }

  async #collect(signal: AbortSignal): Promise<void> {
    const afterFold = (): void => {
      const { counts, announced, done } = this.#ledger.totals(this.#record.run)
      if (announced > done) return
      const { job } = this.#record
      // Items that were stopped have a result as well: all of them done does not mean that all was read.
      const end = this.#windDown ?? { outcome: outcomeOf(job, counts), problem: contradictionOf(job, counts) }
      this.#finish(end.outcome, end.problem)
    }
    const collection = { run: this.#record.run, progress: () => this.#progress, afterFold }
    await collectResults(this.#ports, this.#settings, collection, signal)
  }

  async #showStatus(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(this.#ports.clock, this.#settings.statusMs, signal)
      await this.#writeStatus()
      this.#considerEnd()
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { stalledAfterMs } = this.#settings
    const stillness = new Stillness(this.#progress)
    for (;;) {
      await sleep(this.#ports.clock, watchMs, signal)
      if (this.#record.paused || this.#windDown !== undefined) continue
      stillness.look(this.#progress, watchMs, this.#waitsForItsCeiling)
      const action = nextAction(stillness, this.#settings)
      if (action === 'give up') {
        this.#endEarly('lost', `nothing was read for ${spelledDuration(stalledAfterMs)}`)
      } else if (action === 'search' && (this.#feed?.isThrough ?? true) && (await this.#areItemsLost(signal))) {
        stillness.silentMs = 0
        await this.#startOver(signal)
      }
    }
  }

  /** The run is as slow as it was asked to be. */
  get #waitsForItsCeiling(): boolean {
    const { maxBytesPerSecond, maxRequestsPerSecond } = this.#record.ceilings
    const hasCeiling = maxBytesPerSecond !== undefined || maxRequestsPerSecond !== undefined
    return hasCeiling && this.#progress.waitsForCeiling(this.#ports.clock.now())
  }

  /**
   * A result is sent before its item is completed: what the work queue does not have any more is among the results, or
   * was folded while we looked. A queue service that can't be asked proves nothing.
   */
  async #areItemsLost(signal: AbortSignal): Promise<boolean> {
    const { lastSignAtMs } = this.#progress
    const results = this.#ports.service.queue(this.#prefix.runResults(this.#record.run))
    try {
      for (const queue of [this.#work, results]) if ((await queue.approximateDepth({ signal })) > 0) return false
    } catch (error) {
      if (!mayPass(error)) throw error
      return false
    }
    return this.#progress.lastSignAtMs === lastSignAtMs
  }

  async #startOver(signal: AbortSignal): Promise<void> {
    const { run, generation } = this.#record
    const { announced, done } = this.#ledger.totals(run)
    const outstanding = announced - done
    const problem = lossProblem({ generation, outstanding, chunksLeft: this.#feed?.left ?? 0 })
    if (problem !== undefined) {
      this.#endEarly('lost', problem)
      return
    }
    this.#logger.warn('items vanished from the work queue: the run starts over', { outstanding })
    this.#record = await patiently(this.#ports, signal, () => this.#ledger.startOver(run))
    this.#progress = this.#beginning()
    if (this.#feed === undefined) await this.#sendRoot(signal)
    else this.#feed.startOver(this.#record.generation)
  }

  #endEarly(outcome: WindDown['outcome'], problem?: string): void {
    if (this.#windDown !== undefined) return
    this.#windDown = { outcome, problem, sinceMs: this.#ports.clock.now() }
    this.#record = { ...this.#record, revision: this.#record.revision + 1 }
    this.#feeding.abort(endOfRun)
  }

  #considerEnd(): void {
    if (this.#windDown === undefined) return
    const nowMs = this.#ports.clock.now()
    if (!isWoundDown(this.#windDown, { nowMs, heldItems: this.#progress.held(nowMs).items })) return
    this.#finish(this.#windDown.outcome, this.#windDown.problem)
  }

  #finish(outcome: Outcome, problem?: string): void {
    if (this.#outcome !== undefined) return
    this.#outcome = outcome
    this.#problem = problem
    this.#ending.abort(endOfRun)
  }

  /** Status, ledger, queues; the job's list and its message go last, which is up to the caller. */
  async #end(outcome: Outcome, signal: AbortSignal): Promise<void> {
    const { run } = this.#record
    const endedAtMs = this.#ports.clock.now()
    this.#record = { ...this.#record, outcome, endedAtMs }
    this.#progress.end()
    await patiently(this.#ports, signal, () => this.#writeLastStatus(signal))
    await patiently(this.#ports, signal, () => this.#noteWarmed(outcome))
    await patiently(this.#ports, signal, () => this.#ledger.endRun(run, outcome, endedAtMs))
    await patiently(this.#ports, signal, () => removeRunQueues(this.#ports, this.#settings, run))
    this.#logger.info('run ended', { outcome, ...this.#ledger.totals(run).counts })
  }

  /** Before the run ends: a crash in between ends it once more. */
  #noteWarmed(outcome: Outcome): void {
    const { job, specification } = this.#record
    const isWhole = outcome === 'warmed' && job.mode === 'data' && job.list === undefined
    const beganMs = beganBy(this.#record, { steadyMs: this.#ports.clock.now(), wallMs: wallMs(this.#ports) })
    if (isWhole && specification !== undefined && beganMs !== undefined) this.#ledger.noteWarmed(specification, beganMs)
  }

  #writeStatus(): Promise<void> {
    return this.#post.tryPost(this.#look(), this.#logger, (why) => this.#finish(this.#windDown?.outcome ?? 'lost', why))
  }

  #writeLastStatus(signal: AbortSignal): Promise<void> {
    return this.#post.postLast(this.#look(), this.#ports.service, this.#logger, signal)
  }

  /** Makes a status, and shows it to this manager's observer. */
  #look(): RunStatus {
    const status = this.#status()
    tell(this.#ports, (observer) => observer.saw?.(status, () => this.#progress.workers(status.updatedAtMs)))
    return status
  }

  /** Of an estimate: whether workers are to measure, and at its end what warming would take. */
  #estimate(): Pick<RunStatus, 'sampleFiles' | 'estimate'> {
    const { job, run, outcome } = this.#record
    if (job.mode !== 'estimate') return {}
    const known = { earlier: this.#earlier, maxWorkers: this.#settings.maxWorkers, price: this.#settings.machinePrice }
    const expected = outcome === undefined ? undefined : warmingEstimate(job, this.#ledger.totals(run).counts, known)
    return {
      ...(this.#earlier === undefined ? { sampleFiles } : {}),
      ...(expected === undefined ? {} : { estimate: expected }),
    }
  }

  #status(): RunStatus {
    const { run, outcome } = this.#record
    const now = this.#ports.clock.now()
    const fleet = this.#ports.fleet.observe()
    // What keeps machines away holds the run up only while there is none.
    const heldUp = outcome === undefined && fleet.running === 0 ? fleet.problem : undefined
    const problem = this.#problem ?? this.#waitsForNames ?? heldUp
    const workers = { wanted: fleet.wanted, ceiling: this.#maxWorkers }
    const progress = this.#progress.snapshot(this.#ledger.totals(run), workers, now)
    this.#shown = mostOf(this.#shown, progress.counts)
    return statusOf(this.#record, {
      ...stateOf(this.#record, this.#windDown),
      // A status from before the answer may be written late, by a run whose lease was lost, and must start no read.
      ...(this.#awaitsNames ? { admitted: [] } : admittedOf(this.#progress.workerNames, this.#maxWorkers)),
      progress,
      ...unreportedOf(outcome, this.#shown, progress.counts),
      failures: [...this.#ledger.failures(run, sampleFailures)],
      ...(problem === undefined ? {} : { problem }),
      fleet,
      mounts: this.#progress.mounts(),
      ...this.#estimate(),
      wantsLatencies: true,
      wantsHeartbeats: true,
      wantsReach: true,
      updatedAtMs: now,
    })
  }
}

const endOfRun = new Error('the run ended')

interface Failure {
  readonly reason: unknown
}

/** Runs loops until one of them ends; `end` then ends the others. Gives why one failed, where it was not the end of the run. */
async function firstFailure(loops: readonly Promise<void>[], end: AbortController): Promise<Failure | undefined> {
  const settled = await Promise.allSettled(loops.map((loop) => loop.finally(() => end.abort(endOfRun))))
  return settled.find((loop) => loop.status === 'rejected' && loop.reason !== endOfRun) as Failure | undefined
}
