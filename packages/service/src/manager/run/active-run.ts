import { once } from 'node:events'
import {
  type EarlierRun,
  encodeItem,
  MAX_ADMITTED,
  type Outcome,
  queueNames,
  type RunStatus,
  rootItem,
} from '@cachewarmer/core'
import { isQueueError, type Logger, type Queue } from '@cachewarmer/queue'
import { spelledDuration } from '../../report/index.ts'
import type { RunDemand } from '../fleet/capacity.ts'
import type { Ledger, RunRecord } from '../ledger/ledger.ts'
import { type ManagerPorts, type ManagerSettings, wallMs } from '../ports.ts'
import { removeRunQueues } from '../upkeep/housekeeping.ts'
import { mayPass, patiently } from '../upkeep/patience.ts'
import { beganBy, earlierRun, earlierTotals } from './earlier.ts'
import { contradictionOf, isWoundDown, mostOf, outcomeOf, unreportedOf, type WindDown } from './ending.ts'
import { Expectation, sampleFiles, warmingEstimate } from './expected.ts'
import { ListFeed } from './list-feed.ts'
import { RunProgress } from './progress.ts'
import { collectResults } from './results.ts'
import { StatusPost } from './status-post.ts'

/** Failures that a status shows; the ledger has them all. */
const sampleFailures = 50
/** How often a run is looked at for items that nobody has any more. */
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
  readonly #names: ReturnType<typeof queueNames>
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
    this.#names = queueNames(settings.prefix)
    this.#post = new StatusPost(ports.service.queue(this.#names.runStatus(record.run)), settings.retainMs)
    this.#logger = ports.logger.child({ run: record.run, job: record.job.jobId ?? record.jobMessageId })
    this.#progress = this.#beginning()
    this.#feed = ListFeed.of(ports, settings, record)
    if (record.job.mode === 'estimate') this.#earlier = earlierRun(ports.ledger, record.job)
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
      paused: this.#record.paused || this.#windDown !== undefined,
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
    await service.create(this.#names.runStatus(run), { signal })
    await this.#writeStatus()
    for (const name of [this.#names.runWork(run), this.#names.runResults(run)]) await service.create(name, { signal })
    if (this.#feed === undefined) await this.#sendRoot(signal)
    const joined = AbortSignal.any([signal, this.#ending.signal])
    // What the list names is warm first: the root comes once all of that is with the workers.
    const feeding = this.#feed === undefined ? [] : [this.#bringList(this.#feed, joined)]
    const loops = [this.#collect(joined), this.#showStatus(joined), this.#watch(joined), ...feeding]
    const settled = await Promise.allSettled(loops.map((loop) => loop.finally(() => this.#ending.abort(endOfRun))))
    if (this.#outcome !== undefined) {
      await this.#end(this.#outcome, signal)
      return this.#outcome
    }
    for (const loop of settled) {
      if (loop.status === 'rejected' && loop.reason !== endOfRun && !signal.aborted) throw loop.reason
    }
    return undefined
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

  /** Whether its end can be looked up by whoever waits for it. */
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

  get #ledger(): Ledger {
    return this.#ports.ledger
  }

  get #work(): Queue {
    return this.#ports.service.queue(this.#names.runWork(this.#record.run))
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
    await collectResults(this.#ports, this.#settings, this.#record.run, this.#progress, signal, () => {
      const { counts, announced, done } = this.#ledger.totals(this.#record.run)
      if (announced > done) return
      const { job } = this.#record
      // Items that were stopped have a result as well: all of them done does not mean that all was read.
      const end = this.#windDown ?? { outcome: outcomeOf(job, counts), problem: contradictionOf(job, counts) }
      this.#finish(end.outcome, end.problem)
    })
  }

  async #showStatus(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#ports.clock.sleep(this.#settings.statusMs, signal)
      await this.#writeStatus()
      this.#considerEnd()
    }
  }

  /**
   * Nothing waits for ever: items that nobody has are sent again once, and a run that stands still for too long ends.
   * Time is counted in looks, so that a manager that was stopped for a while, or whose clock leapt, blames nobody else.
   */
  async #watch(signal: AbortSignal): Promise<void> {
    let { lastMoveAtMs, lastSignAtMs } = this.#progress
    let stillMs = 0
    let silentMs = 0
    for (;;) {
      await this.#ports.clock.sleep(watchMs, signal)
      if (this.#record.paused || this.#windDown !== undefined) continue
      const isStill = this.#progress.lastMoveAtMs === lastMoveAtMs && !this.#waitsForItsCeiling
      stillMs = isStill ? stillMs + watchMs : 0
      silentMs = this.#progress.lastSignAtMs === lastSignAtMs ? silentMs + watchMs : 0
      ;({ lastMoveAtMs, lastSignAtMs } = this.#progress)
      if (stillMs > this.#settings.stalledAfterMs) {
        this.#endEarly('lost', `nothing was read for ${spelledDuration(this.#settings.stalledAfterMs)}`)
      } else if (
        silentMs > this.#settings.lostAfterMs &&
        (this.#feed?.isThrough ?? true) &&
        (await this.#nobodyHasAnything(signal))
      ) {
        silentMs = 0
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
  async #nobodyHasAnything(signal: AbortSignal): Promise<boolean> {
    const { lastSignAtMs } = this.#progress
    const results = this.#ports.service.queue(this.#names.runResults(this.#record.run))
    try {
      for (const queue of [this.#work, results]) if ((await queue.approximateDepth({ signal })) > 0) return false
    } catch (error) {
      if (!mayPass(error)) throw error
      return false
    }
    return this.#progress.lastSignAtMs === lastSignAtMs
  }

  /** Bodies of items are kept in the queue alone, so a lost item costs a new walk from the first; the cache is warm by now. */
  async #startOver(signal: AbortSignal): Promise<void> {
    const { announced, done } = this.#ledger.totals(this.#record.run)
    const gone = this.#feed?.left ?? 0
    if (gone > 0) {
      this.#endEarly('lost', `${gone} messages of its list vanished from their queue: submit it again`)
      return
    }
    if (this.#record.generation > 0) {
      this.#endEarly('lost', `${announced - done} items vanished from the work queue, twice`)
      return
    }
    this.#logger.warn('items vanished from the work queue: the run starts over', { outstanding: announced - done })
    this.#record = await patiently(this.#ports, signal, () => this.#ledger.startOver(this.#record.run))
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

  /** Once as many workers as the ceiling allows are at work, the others are to leave the run alone. */
  #admitted(): Pick<RunStatus, 'admitted'> {
    const names = this.#progress.workerNames
    const ceiling = this.#maxWorkers
    if (ceiling === undefined || ceiling > MAX_ADMITTED || names.length < ceiling) return {}
    return { admitted: names.slice(0, ceiling) }
  }

  /** Before the run ends: a crash in between ends it once more. */
  #noteWarmed(outcome: Outcome): void {
    const { job, specification } = this.#record
    const isWhole = outcome === 'warmed' && job.mode === 'data' && job.list === undefined
    const beganMs = beganBy(this.#record, { steadyMs: this.#ports.clock.now(), wallMs: wallMs(this.#ports) })
    if (isWhole && specification !== undefined && beganMs !== undefined) this.#ledger.noteWarmed(specification, beganMs)
  }

  /**
   * A status that can't be written now is written the next time. Not so where its queue is gone: workers go by it, so
   * the run ends here, and its job is begun anew.
   */
  async #writeStatus(): Promise<void> {
    try {
      await this.#postStatus()
    } catch (error) {
      if (!isQueueError(error) || error.code === 'QUEUE_NOT_FOUND') throw error
      this.#logger.warn('the status was not written', { error: error.message })
    }
  }

  /** Whoever waits for the run hears of its end by this alone, so it is written, though its queue has to be made again. */
  async #writeLastStatus(signal: AbortSignal): Promise<void> {
    try {
      await this.#ports.service.create(this.#names.runStatus(this.#record.run), { signal })
      await this.#postStatus()
    } catch (error) {
      if (signal.aborted || !isQueueError(error) || mayPass(error)) throw error
      this.#logger.error('the last status was not written', { error: error.message })
    }
  }

  async #postStatus(): Promise<void> {
    const status = this.#status()
    this.#ports.observer?.saw(status, () => this.#progress.workers(status.updatedAtMs))
    await this.#post.post(status, (why) => this.#finish(this.#windDown?.outcome ?? 'lost', why))
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
    const { run, job, outcome, endedAtMs, paused } = this.#record
    const now = this.#ports.clock.now()
    const fleet = this.#ports.fleet.observe()
    // What keeps machines away holds the run up only while there is none.
    const heldUp = outcome === undefined && fleet.running === 0 ? fleet.problem : undefined
    const problem = this.#problem ?? heldUp
    const workers = { wanted: fleet.wanted, ceiling: this.#maxWorkers }
    const progress = this.#progress.snapshot(this.#ledger.totals(run), workers, now)
    this.#shown = mostOf(this.#shown, progress.counts)
    return {
      v: 1,
      run,
      ...(job.jobId === undefined ? {} : { label: job.jobId }),
      jobMessageId: this.#record.jobMessageId,
      jobInsertedAtMs: this.#record.jobInsertedAtMs,
      job,
      state: outcome !== undefined ? 'ended' : paused || this.#windDown !== undefined ? 'paused' : 'running',
      ...(outcome === undefined && this.#windDown !== undefined ? { ending: true as const } : {}),
      ...(outcome === undefined ? {} : { outcome }),
      revision: this.#record.revision,
      ceilings: this.#record.ceilings,
      weight: this.#record.weight,
      ...this.#admitted(),
      progress,
      ...unreportedOf(outcome, this.#shown, progress.counts),
      failures: [...this.#ledger.failures(run, sampleFailures)],
      warnings: [...this.#record.warnings],
      ...(problem === undefined ? {} : { problem }),
      fleet,
      mounts: this.#progress.mounts(),
      ...this.#estimate(),
      wantsLatencies: true,
      wantsHeartbeats: true,
      startedAtMs: this.#record.startedAtMs,
      updatedAtMs: now,
      ...(endedAtMs === undefined ? {} : { endedAtMs }),
    }
  }
}

const endOfRun = new Error('the run ended')
