import { decodeStatus, encodeJob, makeJob, queueNames, type RunStatus } from '@cachewarmer/core'
import { type Fleet, type Ledger, openLedger, runManager } from '@cachewarmer/manager'
import { type Logger, memoryService, type QueueService, withRetry } from '@cachewarmer/queue'
import { fakeClock } from '@cachewarmer/queue/testing'
import type { Mount } from '@cachewarmer/walker'
import { memoryMount } from '@cachewarmer/walker/testing'
import { runWorker } from '@cachewarmer/worker'
import { faultyService, type ServiceFaults } from './faulty-service.ts'
import { Life, mortalClock, mortalMount, mortalService } from './life.ts'
import { ReadRecord } from './read-record.ts'
import { seeded } from './seeded.ts'
import { randomTree, type SimulatedTree } from './tree.ts'

export interface Simulated {
  readonly seed: number
  readonly status: RunStatus
  readonly tree: SimulatedTree
  readonly reads: ReadRecord
  readonly addresses: readonly string[]
  readonly kills: { workers: number; managers: number }
  readonly virtualMs: number
  /** Distinct (path, address) that the ledger holds as failed. */
  readonly failed: number
  /** Workers alive once the fleet had time to go. */
  readonly workersLeft: number
  readonly queuesLeft: readonly string[]
  readonly jobsLeft: number
}

export interface SimulateOptions {
  readonly logger?: Logger
  readonly faults?: Partial<ServiceFaults>
}

const prefix = 'sim'
const idleMs = 20_000
/** No run may take longer than this, whatever happens to it. */
const longestMs = 12 * 3_600_000

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}

/**
 * Runs one job through the real manager and the real workers, all in this process, in virtual time: workers and managers
 * are killed at any await, messages come twice, calls fail before or after they took effect. The same seed gives the
 * same run, to the last read.
 */
export async function simulate(seed: number, options: SimulateOptions = {}): Promise<Simulated> {
  const random = seeded(seed)
  const clock = fakeClock({ turns: 1 })
  const startMs = clock.now()
  const logger = options.logger ?? silent
  const tree = randomTree(random)
  const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].slice(0, 1 + Math.floor(random() * 3))
  const reads = new ReadRecord()
  const calm = random() < 0.1
  const faults: ServiceFaults = calm
    ? { failAfter: 0, failBefore: 0, duplicate: 0 }
    : { failAfter: random() * 0.02, failBefore: random() * 0.02, duplicate: random() * 0.1, ...options.faults }
  const queueLatencyMs = 1 + random() * 20
  const service = memoryService({ clock, random, latencyMs: () => random() * queueLatencyMs })
  const resumable = random() < 0.5
  const pageSize = 64 + Math.floor(random() * 400)
  const readLatencyMs = random() * 20

  const openMount = (name: string): Mount => {
    const inner = memoryMount({
      name,
      tree: tree.root,
      clock,
      latencyMs: readLatencyMs,
      pageSize,
      resumable,
      faults: (operation, path) => (operation === 'read' && tree.denied.has(path) ? 'ACCESS_DENIED' : undefined),
    })
    return reads.watch(inner)
  }

  /** The ports of one process: everything it can reach, cut off when it is killed. */
  const portsOf = (life: Life) => {
    const mortal = mortalClock(clock, life)
    const reach: QueueService = faultyService(mortalService(service, life), random, faults)
    return { service: withRetry(reach, { clock: mortal, random }), clock: mortal, random, logger }
  }

  const workers = new Set<Life>()
  const startWorker = (): void => {
    const life = new Life()
    workers.add(life)
    const stop = new AbortController()
    const ports = { ...portsOf(life), openMount: async (address: string) => mortalMount(openMount(address), life) }
    stops.set(life, stop)
    void runWorker(
      ports,
      { prefix, slots: 2, concurrency: 32, budgetMs: 10_000 },
      { stopTaking: stop.signal, abortWork: new AbortController().signal },
    ).then(() => workers.delete(life))
  }
  const stops = new Map<Life, AbortController>()
  const simulatedFleet = (): Fleet => {
    let wanted = 0
    return {
      want(count) {
        wanted = count
        const alive = [...workers].filter((life) => !stops.get(life)?.signal.aborted)
        for (const life of alive.slice(count)) stops.get(life)?.abort(new Error('scaled in'))
        for (let missing = count - alive.length; missing > 0; missing -= 1) startWorker()
      },
      observe: () => ({ kind: 'local', wanted, running: workers.size, notes: [] }),
      stop: () => Promise.resolve(),
    }
  }

  const ledger: Ledger = openLedger(':memory:')
  let manager = new Life()
  const stopAll = new AbortController()
  const startManager = (): void => {
    manager = new Life()
    const ports = { ...portsOf(manager), ledger, fleet: simulatedFleet() }
    runManager(ports, { prefix, maxWorkers: 3, idleMs }, { stop: stopAll.signal }).catch(async (error: unknown) => {
      // What a service manager does with a program that fails: it starts it again.
      logger.warn('the manager failed', { error })
      await clock.sleep(2_000)
      startManager()
    })
  }
  startManager()

  const kills = { workers: 0, managers: 0 }
  const meanKillMs = calm ? Number.POSITIVE_INFINITY : 500 + random() * 20_000
  const killer = async (): Promise<void> => {
    for (let left = calm ? 0 : 40; left > 0; left -= 1) {
      await clock.sleep(-Math.log(1 - random()) * meanKillMs, stopAll.signal)
      if (random() < 0.2) {
        manager.kill()
        kills.managers += 1
        await clock.sleep(random() * 30_000, stopAll.signal)
        startManager()
      } else {
        const victims = [...workers]
        const victim = victims[Math.floor(random() * victims.length)]
        if (victim === undefined) continue
        victim.kill()
        workers.delete(victim)
        kills.workers += 1
      }
    }
  }
  void killer().catch(() => undefined)

  const names = queueNames(prefix)
  const { job } = makeJob({ addresses, exportPath: '/animation', paths: ['/'], jobId: `seed-${seed}` })
  const until = async (): Promise<RunStatus> => {
    await service.create(names.job)
    await service.queue(names.job).send(encodeJob(job))
    for (;;) {
      await clock.sleep(1_000)
      for (const name of await service.list(names.runStatus(''))) {
        const [message] = await service.queue(name).peek({ max: 1 })
        if (message === undefined) continue
        const status = decodeStatus(message.body)
        if (status.state === 'ended') return status
      }
    }
  }
  const status = await clock.run(until(), longestMs)
  // Long enough for a killed manager to come back, take the lead, see the job once more and let the fleet go.
  const later = async (): Promise<number> => {
    await clock.sleep(idleMs + 300_000)
    return service.queue(names.job).approximateDepth()
  }
  const jobsLeft = await clock.run(later(), longestMs)
  const queuesLeft = (await clock.run(service.list(prefix), longestMs)).filter(
    (name) => names.runOf(name) !== undefined && !name.includes('status'),
  )
  const workersLeft = workers.size
  const failed = new Set(
    ledger.failures(status.run, Number.MAX_SAFE_INTEGER).map(({ path, address }) => `${address} ${path}`),
  ).size
  stopAll.abort(new Error('the simulation is over'))
  ledger.close()
  return {
    seed,
    status,
    tree,
    reads,
    addresses,
    kills,
    virtualMs: clock.now() - startMs,
    failed,
    workersLeft,
    queuesLeft,
    jobsLeft,
  }
}
