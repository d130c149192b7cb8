import {
  bareStatus,
  decodeStatus,
  emptyCounts,
  encodeStatus,
  isCoreError,
  type Job,
  type Progress,
  type RunStatus,
} from '@cachewarmer/core'
import { isQueueError, type Logger, type Queue, type QueueService, type SentMessage } from '@cachewarmer/queue'
import type { Ledger, RunRecord, RunTotals } from '../ledger/ledger.ts'
import { mayPass } from '../upkeep/patience.ts'

/** Failures that a status shows; the ledger has them all. */
export const sampleFailures = 50
/** While a status is taken over from an earlier manager it is hidden for no longer than this. */
const adoptMs = 5_000

type Known = Omit<RunRecord, 'job' | 'specification' | 'startedWallMs' | 'generation' | 'rootSent' | 'paused'> & {
  /** Null for a job that could not be read. */
  readonly job: Job | null
  readonly label?: string | undefined
}

/** A run's status: what its record has, and `now`. */
export function statusOf(
  { job, label = job?.jobId, outcome, endedAtMs, warnings, ...record }: Known,
  now: Pick<RunStatus, 'state' | 'progress' | 'updatedAtMs'> & Partial<RunStatus>,
): RunStatus {
  const { run, jobMessageId, jobInsertedAtMs, hosts, revision, ceilings, weight, startedAtMs } = record
  return {
    v: 1,
    run,
    ...(label === undefined ? {} : { label }),
    jobMessageId,
    jobInsertedAtMs,
    job,
    ...(hosts === undefined ? {} : { hosts: [...hosts] }),
    ...(outcome === undefined ? {} : { outcome }),
    revision,
    ceilings,
    weight,
    failures: [],
    warnings: [...warnings],
    mounts: [],
    startedAtMs,
    ...(endedAtMs === undefined ? {} : { endedAtMs }),
    ...now,
  }
}

/** The status of a job that is not run. */
export function refusedStatus(
  refused: Pick<Known, 'run' | 'jobMessageId' | 'jobInsertedAtMs' | 'job' | 'label' | 'outcome'>,
  problem: string,
  nowMs: number,
): RunStatus {
  const record = {
    ...refused,
    revision: 1,
    ceilings: {},
    weight: 10,
    warnings: [],
    startedAtMs: nowMs,
    endedAtMs: nowMs,
  }
  return statusOf(record, { state: 'ended', progress: atRest(nothing, 0), problem, updatedAtMs: nowMs })
}

/** The last status of a run that ended before this process began, as the ledger has it. */
export function endedStatus(ledger: Ledger, record: RunRecord): RunStatus {
  const { run, startedAtMs, endedAtMs = startedAtMs } = record
  return statusOf(
    { ...record, endedAtMs },
    {
      state: 'ended',
      progress: atRest(ledger.totals(run), endedAtMs - startedAtMs),
      failures: [...ledger.failures(run, sampleFailures)],
      updatedAtMs: endedAtMs,
    },
  )
}

const nothing: RunTotals = { counts: emptyCounts(), announced: 0, done: 0 }

const atRest = ({ counts, announced, done }: RunTotals, elapsedMs: number): Progress => ({
  counts,
  items: { announced, done },
  workers: 0,
  ratesPerSecond: { files: 0, bytes: 0 },
  elapsedMs,
})

/** The one message of a run's status queue, rewritten in place so that it can be peeked at any time. */
export class StatusPost {
  readonly #queue: Queue
  readonly #ttlMs: number
  #handle: SentMessage | undefined

  constructor(queue: Queue, ttlMs: number) {
    this.#queue = queue
    this.#ttlMs = ttlMs
  }

  /** A status that can't be encoded is posted bare, so that its readers still get one; `untold` receives the reason. */
  async post(status: RunStatus, untold: (why: string) => void = () => undefined): Promise<void> {
    let text: string
    try {
      text = encodeStatus(status)
    } catch (error) {
      if (!isCoreError(error)) throw error
      const bare = bareStatus(status, error.message)
      text = encodeStatus(bare)
      untold(bare.problem ?? '')
    }
    await this.#write(text)
    if (status.state === 'ended') await this.#sweep()
  }

  /** Whether the end of the run can be read from its status queue. */
  async saysEnd(): Promise<boolean> {
    try {
      const [message] = await this.#queue.peek({ max: 1 })
      return message !== undefined && decodeStatus(message.body).state === 'ended'
    } catch (error) {
      if (isCoreError(error) || isQueueError(error, 'QUEUE_NOT_FOUND')) return false
      throw error
    }
  }

  /**
   * Posts a status; one that can't be written now is written the next time. Not so where its queue was deleted: workers
   * go by it, so the run ends here, and its job is begun anew.
   */
  async tryPost(status: RunStatus, logger: Logger, untold: (why: string) => void): Promise<void> {
    try {
      await this.post(status, untold)
    } catch (error) {
      if (!isQueueError(error) || error.code === 'QUEUE_NOT_FOUND') throw error
      logger.warn('the status was not written', { error: error.message })
    }
  }

  /** The last status is all that tells a waiting submitter of the end, so it is written even if its queue has to be made again. */
  async postLast(status: RunStatus, service: QueueService, logger: Logger, signal: AbortSignal): Promise<void> {
    try {
      await service.create(this.#queue.name, { signal })
      await this.post(status)
    } catch (error) {
      if (signal.aborted || !isQueueError(error) || mayPass(error)) throw error
      logger.error('the last status was not written', { error: error.message })
    }
  }

  async #write(body: string): Promise<void> {
    try {
      if (this.#handle !== undefined) return await this.#handle.update(body, { leaseMs: 0 })
    } catch (error) {
      // Another process received it, or it expired: it is taken back, or made anew.
      if (!isLost(error)) throw error
    }
    this.#handle = await this.#adopt(body)
  }

  /** The first message that can be had is taken over; with none of them, one is made. */
  async #adopt(body: string): Promise<SentMessage> {
    let adopted: SentMessage | undefined
    for (const lease of await this.#queue.receive({ max: 32, leaseMs: adoptMs })) {
      try {
        if (adopted !== undefined) {
          await lease.complete()
          continue
        }
        await lease.update(body, { leaseMs: 0 })
        adopted = lease
      } catch (error) {
        if (!isLost(error)) throw error
      }
    }
    return adopted ?? this.#queue.send(body, { ttlMs: this.#ttlMs })
  }

  /** Removes an older status beside the last one: a message that was leased when a new one was made. */
  async #sweep(): Promise<void> {
    const last = this.#handle?.id
    for (const lease of await this.#queue.receive({ max: 32, leaseMs: adoptMs })) {
      try {
        await (lease.id === last ? lease.giveBack() : lease.complete())
      } catch (error) {
        if (!isLost(error)) throw error
      }
    }
  }
}

const isLost = (error: unknown): boolean => isQueueError(error) && error.code === 'LEASE_LOST'
