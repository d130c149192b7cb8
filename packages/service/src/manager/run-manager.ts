import { makeId } from '@cachewarmer/core'
import { consume, sleep, textCodec } from '@cachewarmer/queue'
import { machineOfWorker } from '../worker-name.ts'
import { Tail, workersAtWork, workersWanted } from './fleet/capacity.ts'
import { FailureLister, handleControl, SteeringOrder } from './intake/control.ts'
import { Intake } from './intake/intake.ts'
import { type ManagerOptions, type ManagerPorts, type ManagerSettings, resolveManagerOptions, tell } from './ports.ts'
import { cleanUp, jobsInSight, listSweep, type Strays } from './upkeep/housekeeping.ts'
import { lead } from './upkeep/leadership.ts'
import { isFileLost, patiently } from './upkeep/patience.ts'

/** How often the wanted number of workers is set. */
const fleetMs = 250
const housekeepingMs = 600_000
/**
 * A submitter waits for its job to begin, and a change takes effect within ten seconds, some of them for the workers: a queue
 * is looked at this often at least, even when idle.
 */
const longestPollMs = 1_500

/**
 * Takes jobs and runs them to their end, until `stop`. Many managers may run on one prefix: one leads, the others
 * stand by. On stop, jobs are given back at once, their runs stay in the ledger, and the fleet is ended.
 */
export async function runManager(
  ports: ManagerPorts,
  options: ManagerOptions,
  signals: { stop: AbortSignal },
): Promise<void> {
  const settings = resolveManagerOptions(options, () => `manager-${makeId(ports.random, 6)}`)
  const logger = ports.logger.child({ manager: settings.name })
  const { prefix } = settings
  for (const name of [prefix.job, prefix.control, prefix.poison])
    await ports.service.create(name, { signal: signals.stop })
  try {
    await lead({ ...ports, logger }, settings, signals.stop, (signal) =>
      runAsLeader({ ...ports, logger }, settings, signal),
    )
  } finally {
    await ports.fleet.stop()
  }
}

async function runAsLeader(ports: ManagerPorts, settings: ManagerSettings, signal: AbortSignal): Promise<void> {
  const { service, clock, random, logger } = ports
  const { prefix } = settings
  const intake = new Intake(ports, settings)
  const strays: Strays = new Map()
  const lister = new FailureLister(ports, settings)
  const order = new SteeringOrder()
  const loop = {
    codec: textCodec,
    clock,
    random,
    polling: { ...service.polling, maxMs: Math.min(service.polling.maxMs, longestPollMs) },
    leaseMs: settings.leaseMs,
    stopTaking: signal,
    abortWork: signal,
    logger,
  }
  const sweepLists = listSweep(ports, settings)
  const failed = new AbortController()
  const ended = AbortSignal.any([signal, failed.signal])
  /** A handler that throws has its message again later; where files are lost there is no later. */
  const unlessLost = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (isFileLost(error)) failed.abort(error)
      throw error
    }
  }
  const loops = [
    consume(service.queue(prefix.job), (message, held) => unlessLost(() => intake.handle(message, held)), {
      ...loop,
      abortWork: ended,
      stopTaking: ended,
      concurrency: settings.runsAtOnce,
    }),
    consume(
      service.queue(prefix.control),
      (message) =>
        unlessLost(() => handleControl(ports, settings, { intake, lister, order, signal: ended }, message, logger)),
      {
        ...loop,
        abortWork: ended,
        stopTaking: ended,
        concurrency: 1,
      },
    ),
    every(ports, fleetMs, ended, sizeFleet(ports, settings, intake)),
    every(ports, housekeepingMs, ended, async () => {
      const jobs = await jobsInSight(ports, settings, intake.runs)
      await cleanUp(ports, settings, strays, jobs?.messageIds)
      await lister.sweep()
      if (jobs !== undefined) await sweepLists(jobs.lists)
    }),
  ]
  // One loop that fails ends the others: half a manager is worse than none, which a service manager starts again.
  tell(ports, (observer) => observer.leads?.(true))
  const settled = await Promise.allSettled(
    loops.map((one) => one.finally(() => failed.abort(new Error('another loop ended')))),
  )
  tell(ports, (observer) => observer.leads?.(false))
  ports.fleet.want(0)
  if (!signal.aborted && isFileLost(failed.signal.reason)) throw failed.signal.reason
  for (const one of settled)
    if (one.status === 'rejected' && !signal.aborted && one.reason !== failed.signal.reason) throw one.reason
}

function sizeFleet(ports: ManagerPorts, settings: ManagerSettings, intake: Intake): () => Promise<void> {
  const tail = new Tail()
  let busyAtMs = ports.clock.now()
  return async () => {
    const now = ports.clock.now()
    const demands = intake.runs.map((run) => run.demand)
    if (demands.some((demand) => demand.outstandingItems > 0 && !demand.paused)) busyAtMs = now
    const { wanted } = ports.fleet.observe()
    const workers = workersWanted(
      demands,
      { wanted, idleForMs: now - busyAtMs, tailForMs: tail.see(demands, now) },
      settings,
    )
    ports.fleet.want(workers, workersAtWork(demands).map(machineOfWorker))
  }
}

async function every(ports: ManagerPorts, ms: number, signal: AbortSignal, action: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await patiently(ports, signal, action)
    await sleep(ports.clock, ms, signal)
  }
}
