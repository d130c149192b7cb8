import { encodeStatus, type RunStatus } from '@cachewarmer/core'
import { isQueueError, type Queue, type SentMessage } from '@cachewarmer/queue'

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

  async post(status: RunStatus): Promise<void> {
    const body = encodeStatus(status)
    try {
      // The last word goes through the whole queue, so that no older one is left beside it for somebody to believe.
      if (this.#handle !== undefined && status.state !== 'ended') return await this.#handle.update(body, { leaseMs: 0 })
    } catch (error) {
      // Somebody received it, or it outlived its time: it is taken back, or made anew.
      if (!isQueueError(error) || error.code !== 'LEASE_LOST') throw error
    }
    this.#handle = await this.#adopt(body)
  }

  async #adopt(body: string): Promise<SentMessage> {
    const [first, ...others] = await this.#queue.receive({ max: 32, leaseMs: adoptMs })
    for (const other of others) await other.complete()
    if (first === undefined) return this.#queue.send(body, { ttlMs: this.#ttlMs })
    await first.update(body, { leaseMs: 0 })
    return first
  }
}
