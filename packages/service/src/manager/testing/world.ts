import {
  decodeItem,
  decodeStatus,
  encodeJob,
  encodeResult,
  type FleetStatus,
  type Item,
  type ItemResult,
  type Job,
  Prefix,
  type ResultMessage,
  type RunStatus,
} from '@cachewarmer/core'
import { aJob, aResult, readCounts, seededRandom } from '@cachewarmer/core/testing'
import { type Lease, type Logger, memoryService, type QueueService, sleep } from '@cachewarmer/queue'
import { type FakeClock, fakeClock } from '@cachewarmer/queue/testing'
import type { Ledger } from '../ledger/ledger.ts'
import { openLedger } from '../ledger/sqlite-ledger.ts'
import {
  type Fleet,
  type ManagerOptions,
  type ManagerPorts,
  type ManagerSettings,
  resolveManagerOptions,
} from '../ports.ts'
import { runManager } from '../run-manager.ts'

const prefix = 'studio'
export const names: Prefix = new Prefix(prefix)

const quiet = (): void => undefined
const silentLogger: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => silentLogger }

export interface StartedManager {
  /** As SIGTERM does. */
  stop(): void
  readonly ended: Promise<void>
}

/** Queues, ledger and time, all in memory, and a fleet that only notes what is wanted of it: the test is the worker. */
export class World {
  readonly clock: FakeClock
  readonly service: QueueService
  readonly ledger: Ledger
  readonly random: () => number = seededRandom(1)
  /** What was wanted of the fleet, each change once. */
  readonly wanted: number[] = []
  /** Workers whose machines are in use, as the fleet was last informed. */
  working: readonly string[] = []
  fleetStops = 0
  /** What the fleet says of itself besides. */
  fleetSays: Partial<FleetStatus> = {}

  constructor({ clock = fakeClock(), ledger = openLedger(':memory:') }: { clock?: FakeClock; ledger?: Ledger } = {}) {
    this.clock = clock
    this.service = memoryService({ clock })
    this.ledger = ledger
    this.ports = {
      service: this.service,
      clock,
      random: this.random,
      logger: silentLogger,
      ledger,
      fleet: this.#fleet,
    }
  }

  readonly #fleet: Fleet = {
    want: (workers, working = []) => {
      this.working = working
      if (this.wanted.at(-1) !== workers) this.wanted.push(workers)
    },
    observe: () => ({ kind: 'none', wanted: this.wanted.at(-1) ?? 0, running: 0, notes: [], ...this.fleetSays }),
    stop: async () => {
      this.fleetStops += 1
    },
  }

  readonly ports: ManagerPorts

  settings(options: Partial<ManagerOptions> = {}): ManagerSettings {
    return resolveManagerOptions({ prefix, ...options }, () => 'manager-1')
  }

  start(options: Partial<ManagerOptions> = {}, ports: Partial<ManagerPorts> = {}): StartedManager {
    const stop = new AbortController()
    const ended = runManager({ ...this.ports, ...ports }, { prefix, ...options }, { stop: stop.signal })
    return { stop: () => stop.abort(new Error('stopped by a test')), ended }
  }

  /** Runs a manager during `body`, then stops it. */
  async managed(body: () => Promise<void>, options: Partial<ManagerOptions> = {}): Promise<void> {
    const manager = this.start(options)
    try {
      await body()
    } finally {
      manager.stop()
      await this.clock.run(manager.ended)
    }
  }

  async submit(job: Partial<Job> = {}): Promise<string> {
    return this.submitRaw(encodeJob(aJob(job)))
  }

  async submitRaw(body: string): Promise<string> {
    await this.service.create(names.job)
    return (await this.service.queue(names.job).send(body)).id
  }

  /** Moves time on until `look` gives something, at most a day. */
  async until<T>(look: () => Promise<T | undefined>): Promise<T> {
    const search = async (): Promise<T> => {
      for (;;) {
        const found = await look()
        if (found !== undefined) return found
        await sleep(this.clock, 50)
      }
    }
    return this.clock.run(search(), 86_400_000)
  }

  /** What everybody can see of the runs. */
  async statuses(): Promise<RunStatus[]> {
    const bodies = await Promise.all((await this.service.list(names.runStatus(''))).map((name) => this.bodies(name)))
    return bodies.flat().map(decodeStatus)
  }

  /** The status of a job once `state` is reached. */
  async reached(jobMessageId: string, state: RunStatus['state'] = 'ended'): Promise<RunStatus> {
    return this.until(async () =>
      (await this.statuses()).find((status) => status.jobMessageId === jobMessageId && status.state === state),
    )
  }

  /** Leases the next item of a job's run, as a worker does. */
  async takeItem(jobMessageId: string): Promise<{ item: Item; lease: Lease }> {
    return this.until(async () => {
      const run = (await this.statuses()).find((status) => status.jobMessageId === jobMessageId)?.run
      if (run === undefined || !(await this.service.list(names.runWork(run))).length) return undefined
      const [lease] = await this.service.queue(names.runWork(run)).receive({ max: 1, leaseMs: 3_600_000 })
      return lease === undefined ? undefined : { item: decodeItem(lease.body), lease }
    })
  }

  async report(message: ResultMessage): Promise<void> {
    await this.service.queue(names.runResults(message.run)).send(encodeResult(message))
  }

  /** Takes a job's next item and reports it as read, with one file in it. */
  async work(jobMessageId: string, result: Partial<ItemResult> = {}): Promise<Item> {
    const { item, lease } = await this.takeItem(jobMessageId)
    const counts = readCounts(1, 1)
    await this.report(aResult({ run: item.run, item: item.item, counts, ...result }))
    await lease.complete()
    return item
  }

  async bodies(queue: string): Promise<string[]> {
    return (await this.service.queue(queue).peek({ max: 32 })).map(({ body }) => body)
  }

  async depth(queue: string): Promise<number> {
    return this.service.queue(queue).approximateDepth()
  }

  async poison(): Promise<{ reason: string; message: string }[]> {
    return (await this.bodies(names.poison)).map((body) => JSON.parse(body) as { reason: string; message: string })
  }
}
