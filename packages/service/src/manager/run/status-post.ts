import { bareStatus, decodeStatus, encodeStatus, isCoreError, type RunStatus } from '@cachewarmer/core'
import { isQueueError, type Queue, type SentMessage } from '@cachewarmer/queue'
import type { Ledger, RunRecord } from '../ledger/ledger.ts'

/** While a status is taken over from an earlier manager it is hidden for no longer than this. */
const adoptMs = 5_000

/** The one message of a run's status queue, rewritten in place so that everybody can peek at it at any time. */
export class StatusPost {
  readonly #queue: Queue
  readonly #ttlMs: number
  #handle: SentMessage | undefined

  constructor(queue: Queue, ttlMs: number) {
    this.#queue = queue
    this.#ttlMs = ttlMs
  }

  /** A status that can't be written is posted bare: who waits for the run hears of it all the same. `untold` hears why. */
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

  /** Whether the end of the run can be looked up. */
  async saysEnd(): Promise<boolean> {
    try {
      const [message] = await this.#queue.peek({ max: 1 })
      return message !== undefined && decodeStatus(message.body).state === 'ended'
    } catch (error) {
      if (isCoreError(error) || (isQueueError(error) && error.code === 'QUEUE_NOT_FOUND')) return false
      throw error
    }
  }

  async #write(body: string): Promise<void> {
    try {
      if (this.#handle !== undefined) return await this.#handle.update(body, { leaseMs: 0 })
    } catch (error) {
      // Somebody received it, or it outlived its time: it is taken back, or made anew.
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

  /** No older word is left beside the last one for somebody to believe: a message that was out when a new one was made. */
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

const sampleFailures = 50

/** The last status of a run that ended before this process began, as the ledger has it. */
export function endedStatus(ledger: Ledger, record: RunRecord): RunStatus {
  const { run, job, outcome, startedAtMs } = record
  const endedAtMs = record.endedAtMs ?? startedAtMs
  const { counts, announced, done } = ledger.totals(run)
  return {
    v: 1,
    run,
    ...(job.jobId === undefined ? {} : { label: job.jobId }),
    jobMessageId: record.jobMessageId,
    jobInsertedAtMs: record.jobInsertedAtMs,
    job,
    state: 'ended',
    ...(outcome === undefined ? {} : { outcome }),
    revision: record.revision,
    ceilings: record.ceilings,
    weight: record.weight,
    progress: {
      counts,
      items: { announced, done },
      workers: 0,
      ratesPerSecond: { files: 0, bytes: 0 },
      elapsedMs: endedAtMs - startedAtMs,
    },
    failures: [...ledger.failures(run, sampleFailures)],
    warnings: [...record.warnings],
    mounts: [],
    startedAtMs,
    updatedAtMs: endedAtMs,
    endedAtMs,
  }
}
