import { compileFilter, decodeStatus, type Filter, isCoreError, type Job, type RunStatus } from '@cachewarmer/core'
import { isQueueError, type Queue } from '@cachewarmer/queue'
import type { WorkerPorts, WorkerSettings } from '../ports.ts'
import { hasCeilings, isAdmitted } from './limits.ts'

/** Items that are worked on here, of each run, beside what its weight would give it. */
export interface LiveRun {
  readonly run: string
  readonly weight: number
  /** It has ceilings of bytes or requests: its items mostly wait. */
  readonly limited: boolean
}

/** Looks into a work queue come this far apart at first and at most; each doubles it until something is sent there. */
const firstLookMs = 200
const lastLookMs = 1_000

interface KnownRun {
  readonly run: string
  readonly work: Queue
  status: RunStatus | undefined
  statusAtMs: number
  /** Messages in its work queue, and when it is looked at again. */
  depth: number
  lookAtMs: number
  lookMs: number
  filter?: Filter | undefined
}

/** A run that may be worked on, and where its items are. */
export interface WorkedRun extends LiveRun {
  readonly work: Queue
}

/**
 * What a worker knows of the runs of its prefix: a listing of the work queues says which there are, a peek at the
 * status says what they want. Both are remembered for a short while, so that many items cost few calls.
 */
export class RunDirectory {
  readonly #ports: WorkerPorts
  readonly #settings: WorkerSettings
  readonly #runs = new Map<string, KnownRun>()
  #listedAtMs = Number.NEGATIVE_INFINITY

  constructor(ports: WorkerPorts, settings: WorkerSettings) {
    this.#ports = ports
    this.#settings = settings
  }

  /** The runs that may be worked on now. */
  async live(signal?: AbortSignal): Promise<readonly WorkedRun[]> {
    await this.#refresh(signal)
    const live: WorkedRun[] = []
    const runs = [...this.#runs.values()]
    for (const known of runs) {
      const status = await this.status(known.run, signal)
      if (status === undefined || status.state === 'paused' || status.state === 'ended') continue
      if (!isAdmitted(status, this.#settings.name)) continue
      live.push({ run: known.run, weight: status.weight, limited: hasCeilings(status), work: known.work })
    }
    return live
  }

  /** The run's status, at most `statusMs` old; undefined where the run is over. */
  async status(run: string, signal?: AbortSignal): Promise<RunStatus | undefined> {
    const now = this.#ports.clock.now()
    const known = this.#remember(run)
    if (now - known.statusAtMs < this.#settings.statusMs) return known.status
    known.statusAtMs = now
    try {
      const [message] = await this.#ports.service.queue(this.#settings.prefix.runStatus(run)).peek({ max: 1, signal })
      // The manager's update hides the message for a moment at most: the last one known still holds.
      if (message !== undefined) known.status = decodeStatus(message.body)
    } catch (error) {
      if (isQueueError(error, 'QUEUE_NOT_FOUND')) {
        this.forget(run)
        return undefined
      }
      // Written by a newer manager: the known status stays, as dropping the run's items would lose them.
      if (!isCoreError(error)) throw error
    }
    return known.status
  }

  /** Messages in a run's work queue, those that are held included. All items of the run in this worker share a look. */
  async depth(run: string, signal?: AbortSignal): Promise<number> {
    const now = this.#ports.clock.now()
    const known = this.#remember(run)
    if (now >= known.lookAtMs) {
      known.lookAtMs = now + known.lookMs
      known.lookMs = Math.min(lastLookMs, known.lookMs * 2)
      known.depth = await known.work.approximateDepth({ signal })
    }
    return known.depth
  }

  /** Messages were sent to a run's work queue: there was too little in it, and it is looked at again soon. */
  sent(run: string, messages: number): void {
    const known = this.#remember(run)
    known.depth += messages
    known.lookMs = firstLookMs
    known.lookAtMs = Math.min(known.lookAtMs, this.#ports.clock.now() + firstLookMs)
  }

  /** The filter of a run's job, which never changes: compiled for the first item, as its expressions may be many. */
  filter(run: string, job: Job): Filter {
    const known = this.#remember(run)
    known.filter ??= compileFilter(job)
    return known.filter
  }

  /** Whether the run has ended: its status says so, is gone, or can't be read while no listing names the run. */
  async isOver(run: string): Promise<boolean> {
    const wasKnown = this.#runs.has(run)
    const status = await this.status(run)
    return status === undefined ? !wasKnown || !this.#runs.has(run) : status.state === 'ended'
  }

  /** The run's queues are gone: it is over. */
  forget(run: string): void {
    this.#runs.delete(run)
  }

  /** Whether a run is still believed to be live. */
  knows(run: string): boolean {
    return this.#runs.has(run)
  }

  #remember(run: string): KnownRun {
    let known = this.#runs.get(run)
    if (known === undefined) {
      const work = this.#ports.service.queue(this.#settings.prefix.runWork(run))
      known = {
        run,
        work,
        status: undefined,
        statusAtMs: Number.NEGATIVE_INFINITY,
        depth: 0,
        lookAtMs: Number.NEGATIVE_INFINITY,
        lookMs: firstLookMs,
      }
      this.#runs.set(run, known)
    }
    return known
  }

  async #refresh(signal: AbortSignal | undefined): Promise<void> {
    const now = this.#ports.clock.now()
    if (now - this.#listedAtMs < this.#ports.service.polling.maxMs) return
    this.#listedAtMs = now
    const listed = new Set<string>()
    for (const name of await this.#ports.service.list(this.#settings.prefix.runWork(''), { signal })) {
      const run = this.#settings.prefix.runOf(name)
      if (run !== undefined) listed.add(run)
    }
    for (const run of this.#runs.keys()) if (!listed.has(run)) this.#runs.delete(run)
    for (const run of listed) this.#remember(run)
  }
}
