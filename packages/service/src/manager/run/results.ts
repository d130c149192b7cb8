import { decodeResult, isCoreError } from '@cachewarmer/core'
import { isQueueError, type Lease, type Queue, sleep } from '@cachewarmer/queue'
import { keepPoison } from '../../poison.ts'
import type { ResultOrPart } from '../ledger/ledger.ts'
import type { ManagerPorts, ManagerSettings } from '../ports.ts'
import { patiently } from '../upkeep/patience.ts'
import type { RunProgress } from './progress.ts'

/** The longest pause between two looks at the results of a run: the end of a short job should show at once. */
const longestPauseMs = 500

interface Collection {
  readonly run: string
  /** A run that starts over has a new one. */
  readonly progress: () => RunProgress
  readonly afterFold: () => void
}

/** Receives under way at the same time, where the queue fills each of them. */
const mostLanes = 8
/** With several receives, results wait this long for those of the others: one transaction costs little more than another. */
const gatherMs = 5

/**
 * Takes results off the run's queue until the signal ends it. A fold is on disk before its messages are completed, so a
 * crash in between only brings the same results again, which changes nothing. Heartbeats are shown and dropped. A queue
 * service that is away and a ledger that can't be written are waited for.
 */
export async function collectResults(
  ports: ManagerPorts,
  settings: ManagerSettings,
  collection: Collection,
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController()
  const collector = new Collector(ports, settings, collection, AbortSignal.any([signal, failed.signal]))
  collection.afterFold()
  try {
    await collector.collect()
  } finally {
    failed.abort(new Error('the results are no longer collected'))
    await collector.settled()
  }
}

class Collector {
  readonly #ports: ManagerPorts
  readonly #settings: ManagerSettings
  readonly #collection: Collection
  readonly #signal: AbortSignal
  readonly #queue: Queue
  readonly #lanes = new Set<Promise<void>>()
  #gathered: ResultOrPart[] = []
  #folding: Promise<void> | undefined

  constructor(ports: ManagerPorts, settings: ManagerSettings, collection: Collection, signal: AbortSignal) {
    this.#ports = ports
    this.#settings = settings
    this.#collection = collection
    this.#signal = signal
    this.#queue = ports.service.queue(settings.prefix.runResults(collection.run))
  }

  /** One lane at first; each that finds as much as it can take begins another, and each that finds nothing ends but for the last. */
  async collect(): Promise<void> {
    this.#begin()
    while (this.#lanes.size > 0) await Promise.race(this.#lanes)
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#lanes)
  }

  #begin(): void {
    const lane = this.#lane().finally(() => this.#lanes.delete(lane))
    // `collect` hears of it; after that, only that it ended counts.
    lane.catch(() => undefined)
    this.#lanes.add(lane)
  }

  async #lane(): Promise<void> {
    const { service, clock } = this.#ports
    const { limits, polling } = service
    const options = { max: limits.maxReceive, leaseMs: this.#settings.leaseMs, signal: this.#signal }
    let pauseMs = polling.minMs
    while (!this.#signal.aborted) {
      const leases = await this.#wait(() => this.#queue.receive(options))
      if (leases.length === 0) {
        if (this.#lanes.size > 1) return
        await sleep(clock, pauseMs, this.#signal)
        pauseMs = Math.min(pauseMs * 1.5, Math.max(longestPauseMs, polling.minMs))
        continue
      }
      pauseMs = polling.minMs
      if (leases.length >= options.max && this.#lanes.size < mostLanes) this.#begin()
      await this.#take(leases)
      await Promise.all(leases.map(completeQuietly))
    }
  }

  async #take(leases: readonly Lease[]): Promise<void> {
    const { run, progress } = this.#collection
    const results: ResultOrPart[] = []
    for (const lease of leases) {
      const message = await decodeOrPoison(this.#ports, this.#settings, run, lease)
      if (message === undefined || message.run !== run) continue
      if (message.kind === 'heartbeat') progress().heartbeat(message, this.#ports.clock.now())
      else results.push(message)
    }
    if (results.length === 0) return
    this.#gathered.push(...results)
    this.#folding ??= this.#fold()
    await this.#folding
  }

  async #fold(): Promise<void> {
    const { run, progress, afterFold } = this.#collection
    const { clock, ledger } = this.#ports
    await (this.#lanes.size > 1 ? sleep(clock, gatherMs, this.#signal) : undefined)
    this.#folding = undefined
    const messages = this.#gathered
    this.#gathered = []
    progress().accepted(await this.#wait(() => ledger.fold(run, messages)), clock.now())
    afterFold()
  }

  /** Results that can't be had or kept now say nothing about those who sent them. */
  #wait<T>(action: () => T | Promise<T>): Promise<T> {
    const { clock } = this.#ports
    return patiently(this.#ports, this.#signal, action, () => this.#collection.progress().moved(clock.now()))
  }
}

/** A message that can't be removed now comes again, and the ledger knows it. */
async function completeQuietly(lease: Lease): Promise<void> {
  try {
    await lease.complete()
  } catch (error) {
    if (!isQueueError(error)) throw error
  }
}

async function decodeOrPoison(ports: ManagerPorts, settings: ManagerSettings, run: string, lease: Lease) {
  try {
    return decodeResult(lease.body)
  } catch (error) {
    if (!isCoreError(error)) throw error
    ports.logger.warn('a result could not be read', { run, error: error.message })
    await keepPoison(ports, settings, { reason: error.message, body: lease.body })
    return undefined
  }
}
