import { Prefix } from '@cachewarmer/core'
import type { Clock, Logger, QueueService, Random } from '@cachewarmer/queue'
import type { Mount } from '@cachewarmer/walker'

/** An opened (address, export). */
export interface OpenedMount extends Mount {
  /** Only the run that it was opened for may use it, and it closes with that run: the kernel remembers listings. Default false. */
  readonly forOneRun?: boolean | undefined
}

/** Opens one (address, export). Throws `WalkError`: `MOUNT_DOWN` or `TIMEOUT` where trying again later may help. */
export type MountOpener = (
  address: string,
  exportPath: string,
  options: { signal: AbortSignal },
) => Promise<OpenedMount>

/** The world as a worker sees it; a simulation hands in its own. */
export interface WorkerPorts {
  readonly service: QueueService
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly openMount: MountOpener
}

export interface WorkerOptions {
  readonly prefix: string
  /** How results and logs call this worker. Default: `worker-` and six random characters. */
  readonly name?: string | undefined
  /** Items held at the same time. Default 4: while one drains its last reads the others keep the mounts busy. */
  readonly slots?: number | undefined
  /** Default 60,000, renewed at a third of it. */
  readonly leaseMs?: number | undefined
  /** Between two heartbeats. Each has the progress of all attempts at items of a run. Default 2,000. */
  readonly heartbeatMs?: number | undefined
  /** How old the known status of a run may be: pauses and ceilings take effect within it. Default 2,000. */
  readonly statusMs?: number | undefined
  /** An item held for longer than this is split, so that no attempt is ever worth much. Default 90,000. */
  readonly budgetMs?: number | undefined
  /** Reads in flight in the whole worker, over all mounts. Default 64. */
  readonly concurrency?: number | undefined
  /** An item that failed this often is given up as unread. Default 3. */
  readonly maxStrikes?: number | undefined
  /** An item delivered this often without a word from its workers is given up as unread. Default 20. */
  readonly maxDeliveries?: number | undefined
  /** A mount that no item uses for this long is closed. Default 300,000. */
  readonly mountIdleMs?: number | undefined
  /** Serve the original manager's queue, `<prefix>work`, too. Default true. */
  readonly serveOriginal?: boolean | undefined
}

export type WorkerSettings = {
  readonly [K in Exclude<keyof WorkerOptions, 'prefix'>]-?: NonNullable<WorkerOptions[K]>
} & {
  readonly prefix: Prefix
}

/** Fills in the defaults. Throws `RangeError` that names the option and the value, `CoreError` for the prefix. */
export function resolveWorkerOptions(given: WorkerOptions, makeName: () => string): WorkerSettings {
  const settings: WorkerSettings = {
    prefix: new Prefix(given.prefix),
    name: given.name ?? makeName(),
    slots: given.slots ?? 4,
    leaseMs: given.leaseMs ?? 60_000,
    heartbeatMs: given.heartbeatMs ?? 2_000,
    statusMs: given.statusMs ?? 2_000,
    budgetMs: given.budgetMs ?? 90_000,
    concurrency: given.concurrency ?? 64,
    maxStrikes: given.maxStrikes ?? 3,
    maxDeliveries: given.maxDeliveries ?? 20,
    mountIdleMs: given.mountIdleMs ?? 300_000,
    serveOriginal: given.serveOriginal ?? true,
  }
  for (const [option, value] of Object.entries(settings)) {
    if (typeof value === 'number' && (!Number.isInteger(value) || value < 1)) {
      throw new RangeError(`${option} must be a whole number of at least 1, got ${value}`)
    }
  }
  return Object.freeze(settings)
}
