import { isWalkError, type Mount, type MountHealth, WalkError } from '@cachewarmer/walker'
import type { MountOpener, WorkerPorts } from './ports.ts'

/** How long a mount that failed to open is not tried again. */
const retryMs = 5_000

interface Pooled {
  readonly opening: Promise<Mount>
  failedAtMs: number | undefined
}

export interface OpenedMounts {
  /** One a given address, in their order; one that did not open fails every read, so that each file of it is counted. */
  readonly mounts: readonly Mount[]
  /** Those that did open. */
  readonly alive: readonly Mount[]
  readonly failures: readonly WalkError[]
}

/** Keeps the mounts of a worker open from item to item. */
export class MountPool {
  readonly #open: MountOpener
  readonly #ports: WorkerPorts
  readonly #pooled = new Map<string, Pooled>()
  readonly #closing = new AbortController()

  constructor(ports: WorkerPorts) {
    this.#open = ports.openMount
    this.#ports = ports
  }

  async openAll(addresses: readonly string[], exportPath: string): Promise<OpenedMounts> {
    const failures: WalkError[] = []
    const dead = new Set<Mount>()
    const mounts = await Promise.all(
      addresses.map(async (address) => {
        try {
          return await this.#get(address, exportPath)
        } catch (cause) {
          const error = isWalkError(cause)
            ? cause
            : new WalkError('MOUNT_DOWN', `${address}:${exportPath} can't be opened: ${messageOf(cause)}`, { cause })
          failures.push(error)
          const mount = unavailableMount(address, error)
          dead.add(mount)
          return mount
        }
      }),
    )
    return { mounts, alive: mounts.filter((mount) => !dead.has(mount)), failures }
  }

  /** Closes every mount; what fails to close is of no use to anybody any more. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the worker stops'))
    const pooled = [...this.#pooled.values()]
    this.#pooled.clear()
    await Promise.allSettled(pooled.map(async ({ opening }) => (await opening).close()))
  }

  #get(address: string, exportPath: string): Promise<Mount> {
    const key = `${address} ${exportPath}`
    const now = this.#ports.clock.now()
    const known = this.#pooled.get(key)
    if (known !== undefined && (known.failedAtMs === undefined || now - known.failedAtMs < retryMs))
      return known.opening
    const pooled: Pooled = {
      opening: this.#open(address, exportPath, { signal: this.#closing.signal }),
      failedAtMs: undefined,
    }
    pooled.opening.catch(() => {
      pooled.failedAtMs = this.#ports.clock.now()
    })
    this.#pooled.set(key, pooled)
    return pooled.opening
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/**
 * Stands in for an address that could not be opened: whatever is asked of it fails with the reason, and directories are
 * listed through the others. One that does not answer says so, so that others may read its share as well; one that refuses
 * us, or is not mounted, is a mistake that people have to see.
 */
function unavailableMount(name: string, error: WalkError): Mount {
  const away = error.code === 'MOUNT_DOWN' || error.code === 'TIMEOUT'
  return {
    name,
    ...(away ? { health: neverBack } : { unusable: true }),
    maxInFlight: 1_024,
    list: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) }),
    stat: () => Promise.reject(error),
    readLink: () => Promise.reject(error),
    read: () => Promise.reject(error),
    close: () => Promise.resolve(),
  }
}

/** Down since for ever, so that nobody waits for it: it is opened again for the next item. */
const neverBack: MountHealth = {
  alive: false,
  downSinceMs: 0,
  whenBack: (signal) =>
    new Promise((_, reject) => {
      const leave = (): void => reject(signal.reason as Error)
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave, { once: true })
    }),
}
