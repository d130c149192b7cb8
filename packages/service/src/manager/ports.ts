import { type FleetStatus, Prefix, type RunStatus } from '@cachewarmer/core'
import type { Clock, Logger, QueueService, Random } from '@cachewarmer/queue'
import type { WorkerView } from '../report/page/index.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { MachinePrice } from './run/expected.ts'
import type { ResolveName } from './run/names.ts'

/** The world as a manager sees it; a simulation hands in its own. */
export interface ManagerPorts {
  readonly service: QueueService
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly ledger: Ledger
  readonly fleet: Fleet
  readonly observer?: ManagerObserver | undefined
  /** Finds the addresses of a job's host names, once per run. Default: a name is one address, for workers to resolve. */
  readonly resolveName?: ResolveName | undefined
  /**
   * Milliseconds since 1970 by the wall clock, as it is set now: for what is compared with the times of a filer or of
   * another process. Default: `clock.now`, which a program lets run on from the wall clock's time at its start.
   */
  readonly wallMs?: (() => number) | undefined
}

export const wallMs = ({ wallMs: ask, clock }: Pick<ManagerPorts, 'wallMs' | 'clock'>): number => ask?.() ?? clock.now()

/** Hears what the manager does, for the page and the metrics. What a method throws is logged, and changes nothing. */
export interface ManagerObserver {
  /** Whether this manager leads from now on. One that doesn't has no run under way. */
  leads?(leading: boolean): void
  /** A status of a run was made: about once a second while it is under way, and once at its end. */
  saw?(status: RunStatus, workers: () => readonly WorkerView[]): void
}

/** Watching a manager must not break it. */
export function tell(
  { observer, logger }: Pick<ManagerPorts, 'observer' | 'logger'>,
  say: (observer: ManagerObserver) => void,
): void {
  if (observer === undefined) return
  try {
    say(observer)
  } catch (error) {
    logger.error('an observer failed', { error })
  }
}

export interface ManagerOptions {
  readonly prefix: string
  /** How logs call this manager. Default: `manager-` and six random characters. */
  readonly name?: string | undefined
  /** Lease of the leader's token, of jobs and of results. Default 60,000. */
  readonly leaseMs?: number | undefined
  /** Jobs that run side by side; more wait in the job queue. Default 32. */
  readonly runsAtOnce?: number | undefined
  /** Workers at most, for all runs together. Default 4. */
  readonly maxWorkers?: number | undefined
  /** How long the fleet stays when there is nothing to do. Default 20,000. */
  readonly idleMs?: number | undefined
  /** How long workers may have nothing to do while others finish the last items, before they go. Default: until the end. */
  readonly tailMs?: number | undefined
  /** How often a run's status is written while it changes. Default 1,000. */
  readonly statusMs?: number | undefined
  /** An outstanding item without a sign from a queue or a worker for this long is lost. Default: three leases. */
  readonly lostAfterMs?: number | undefined
  /** A run without a byte for this long ends as lost, as when its filer never comes back. Default 30 minutes. */
  readonly stalledAfterMs?: number | undefined
  /** What a worker's machine costs; without it an estimate has no cost. */
  readonly machinePrice?: MachinePrice | undefined
  /** How long the status of an ended run can be looked up. Default 7 days. */
  readonly retainMs?: number | undefined
}

export type ManagerSettings = {
  readonly [K in Exclude<keyof ManagerOptions, 'machinePrice' | 'prefix'>]-?: NonNullable<ManagerOptions[K]>
} & Pick<ManagerOptions, 'machinePrice'> & { readonly prefix: Prefix }

/** Fills in the defaults. Throws `RangeError` that names the option and the value, `CoreError` for a prefix that can't be one. */
export function resolveManagerOptions(given: ManagerOptions, makeName: () => string): ManagerSettings {
  const leaseMs = given.leaseMs ?? 60_000
  const settings: ManagerSettings = {
    prefix: new Prefix(given.prefix),
    name: given.name ?? makeName(),
    leaseMs,
    runsAtOnce: given.runsAtOnce ?? 32,
    maxWorkers: given.maxWorkers ?? 4,
    idleMs: given.idleMs ?? 20_000,
    tailMs: given.tailMs ?? Number.MAX_SAFE_INTEGER,
    statusMs: given.statusMs ?? 1_000,
    lostAfterMs: given.lostAfterMs ?? leaseMs * 3,
    stalledAfterMs: given.stalledAfterMs ?? 30 * 60_000,
    retainMs: given.retainMs ?? 7 * 86_400_000,
    machinePrice: given.machinePrice,
  }
  for (const [option, value] of Object.entries(settings)) {
    if (typeof value === 'number' && (!Number.isInteger(value) || value < 0)) {
      throw new RangeError(`${option} must be a whole number of at least 0, got ${value}`)
    }
  }
  return Object.freeze(settings)
}

/** What runs workers: processes on this machine, a scale set, or nothing where people start workers themselves. */
export interface Fleet {
  /**
   * Says how many workers there should be. Returns at once; starting and stopping happen in the background. Of machines,
   * those that `working` names by their host names are the last to go.
   */
  want(workers: number, working?: readonly string[]): void
  observe(): FleetStatus
  /** Ends all workers and returns when they are gone. */
  stop(): Promise<void>
}

/** Workers are started elsewhere. */
export const noFleet: Fleet = {
  want: () => undefined,
  observe: () => ({ kind: 'none', wanted: 0, running: 0, notes: [] }),
  stop: () => Promise.resolve(),
}
