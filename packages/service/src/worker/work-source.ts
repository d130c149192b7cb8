import { queueNames } from '@cachewarmer/core'
import { isQueueError, type Lease, type Queue, type ReceiveOptions } from '@cachewarmer/queue'
import type { WorkerPorts, WorkerSettings } from './ports.ts'
import type { RunDirectory } from './run-directory.ts'
import type { RunShares } from './run-shares.ts'

const originalRetryMs = 30_000

/**
 * Where the worker's items come from: the work queues of all runs, shared by weight, then the original manager's one
 * queue. It looks like a queue to `consume`, which thus needs to know of no runs.
 */
export class WorkSource implements Pick<Queue, 'name' | 'receive'> {
  readonly name: string
  readonly #ports: WorkerPorts
  readonly #directory: RunDirectory
  readonly #shares: RunShares
  readonly #original: Queue | undefined
  #originalAbsentUntilMs = Number.NEGATIVE_INFINITY

  constructor(ports: WorkerPorts, settings: WorkerSettings, directory: RunDirectory, shares: RunShares) {
    this.#ports = ports
    this.#directory = directory
    this.#shares = shares
    this.name = `${settings.prefix}work`
    this.#original = settings.serveOriginal ? ports.service.queue(queueNames(settings.prefix).work) : undefined
  }

  async receive(options: ReceiveOptions): Promise<readonly Lease[]> {
    const live = await this.#directory.live(options.signal)
    const works = new Map(live.map(({ run, work }) => [run, work]))
    for (const { run, max } of this.#shares.order(live)) {
      const work = works.get(run)
      if (work === undefined) continue
      const leases = await this.#receiveFrom(work, { ...options, max: Math.min(options.max, max) })
      if (leases.length > 0) return leases
    }
    return this.#receiveOriginal(options)
  }

  async #receiveFrom(queue: Queue, options: ReceiveOptions): Promise<readonly Lease[]> {
    try {
      return await queue.receive(options)
    } catch (error) {
      // Runs end while we look: their queues vanish, and the next listing no longer names them.
      if (isQueueError(error) && error.code === 'QUEUE_NOT_FOUND') return []
      throw error
    }
  }

  async #receiveOriginal(options: ReceiveOptions): Promise<readonly Lease[]> {
    if (this.#original === undefined || this.#ports.clock.now() < this.#originalAbsentUntilMs) return []
    try {
      return await this.#original.receive({ ...options, max: 1 })
    } catch (error) {
      if (!isQueueError(error) || error.code !== 'QUEUE_NOT_FOUND') throw error
      this.#originalAbsentUntilMs = this.#ports.clock.now() + originalRetryMs
      return []
    }
  }
}
