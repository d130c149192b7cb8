import { decodeListChunk, encodeItem, isCoreError, type JobList, listItem, queueNames } from '@cachewarmer/core'
import { isQueueError, type Lease, type Queue } from '@cachewarmer/queue'
import { patiently } from '../patience.ts'
import type { ManagerPorts, ManagerSettings } from '../ports.ts'

/** Chunks that wait in the work queue at the most, for each worker that there may be. */
const chunksAWorker = 32
const lookMs = 200
/** An empty list queue is believed when it was seen so often: its depth may come late. */
const emptyLooks = 2

/**
 * Moves the chunks of a job's list from the queue that the submitter left into the work queue, in the list's order and
 * never far ahead of the workers. Each becomes the item of its number, which the ledger has announced already: a chunk
 * that is moved twice, because a manager died in between, counts once.
 */
export class ListFeed {
  readonly #ports: ManagerPorts
  readonly #settings: ManagerSettings
  readonly #run: string
  readonly #list: JobList
  readonly #allMoved = Promise.withResolvers<void>()

  constructor(ports: ManagerPorts, settings: ManagerSettings, run: string, list: JobList) {
    this.#ports = ports
    this.#settings = settings
    this.#run = run
    this.#list = list
  }

  /** Settles when no chunk is left to move. */
  get allMoved(): Promise<void> {
    return this.#allMoved.promise
  }

  /** How many chunks are left in the list's queue; none where it is gone. */
  async depth(signal: AbortSignal): Promise<number> {
    try {
      return await this.#queue.approximateDepth({ signal })
    } catch (error) {
      if (isQueueError(error) && error.code === 'QUEUE_NOT_FOUND') return 0
      throw error
    }
  }

  /** Moves chunks until the signal ends it. */
  async execute(signal: AbortSignal): Promise<void> {
    let empty = 0
    while (!signal.aborted) {
      const moved = await patiently(this.#ports, signal, () => this.#step(signal))
      if (moved === 'some') continue
      empty = moved === 'none are left' ? empty + 1 : empty
      if (empty >= emptyLooks) this.#allMoved.resolve()
      await this.#ports.clock.sleep(lookMs, signal)
    }
  }

  async #step(signal: AbortSignal): Promise<'some' | 'no room' | 'none are left' | 'none can be had'> {
    const most = chunksAWorker * Math.max(1, this.#settings.maxWorkers)
    const room = most - (await this.#work.approximateDepth({ signal }))
    if (room <= 0) return 'no room'
    const leases = await this.#receive(Math.min(room, this.#ports.service.limits.maxReceive), signal)
    for (const lease of leases) await this.#move(lease, signal)
    if (leases.length > 0) return 'some'
    return (await this.depth(signal)) === 0 ? 'none are left' : 'none can be had'
  }

  get #queue(): Queue {
    return this.#ports.service.queue(queueNames(this.#settings.prefix).list(this.#list.id))
  }

  get #work(): Queue {
    return this.#ports.service.queue(queueNames(this.#settings.prefix).runWork(this.#run))
  }

  async #receive(max: number, signal: AbortSignal): Promise<readonly Lease[]> {
    try {
      return await this.#queue.receive({ max, leaseMs: this.#settings.leaseMs, signal })
    } catch (error) {
      if (isQueueError(error) && error.code === 'QUEUE_NOT_FOUND') return []
      throw error
    }
  }

  /** The item first, then the chunk goes: a crash in between moves it twice, never not at all. */
  async #move(lease: Lease, signal: AbortSignal): Promise<void> {
    try {
      const { list, chunk, parts } = decodeListChunk(lease.body)
      if (list === this.#list.id && chunk < this.#list.chunks) {
        const item = { v: 1 as const, run: this.#run, item: listItem(chunk), strikes: 0, parts }
        await this.#work.send(encodeItem(item), { signal })
      }
    } catch (error) {
      if (!isCoreError(error)) throw error
      // Its item stays outstanding, and the run ends as lost: nobody can say what was in it.
      this.#ports.logger.warn('a chunk of a list could not be read', { run: this.#run, error: error.message })
    }
    await lease.complete({ signal }).catch((error: unknown) => {
      if (!isQueueError(error)) throw error
    })
  }
}
