import { sleep } from '@cachewarmer/queue'
import { isWalkError, type Mount, type MountHealth, WalkError } from '@cachewarmer/walker'
import type { MountOpener, OpenedMount, WorkerPorts } from '../ports.ts'

/** How long a mount that failed to open is not tried again. */
const retryMs = 5_000

/** A root that does not answer for this long is not asked: the walk will find out what is wrong. */
const lookMs = 2_000
/** How often the root is looked at for messages of the original's manager, which belong to no run. */
const originalLookMs = 60_000
/** How often it is looked whether the run is over that a mount was opened for. */
const runLookMs = 2_000
/** A mount for messages of the original's manager, which belong to no run, closes when none has used it for this long. */
const originalIdleMs = 10_000
/** Runs whose look at a root is remembered. */
const mostRuns = 1_000

interface Pooled {
  readonly opening: Promise<OpenedMount>
  /** The run that it was opened for. */
  readonly run: string | undefined
  failedAtMs: number | undefined
  /** Items that use it now. */
  uses: number
  usedAtMs: number
  /** Identity of the root when it was first looked at. */
  rootId: string | undefined
  /** By run: whether the root was still the one that was opened. Asked once per run. */
  readonly looks: Map<string, Promise<boolean>>
}

export interface OpenedMounts extends Disposable {
  /** One a given address, in their order; one that did not open fails every read, so that each file of it is counted. */
  readonly mounts: readonly Mount[]
  /** Those that did open. */
  readonly alive: readonly Mount[]
  readonly failures: readonly WalkError[]
  /** What people should know of an address now: why it can't be read through, or that it is a node which is read already. */
  readonly noteOn: (address: string) => string | undefined
}

/**
 * Keeps the mounts of a worker open from item to item. One whose export was made anew (its root is stale, or another one)
 * is opened again, looked for once per run; one that no item uses for `idleMs` is closed. A mount that is for one run only
 * is opened per run, and closed once that is over.
 */
export class MountPool {
  readonly #open: MountOpener
  readonly #ports: WorkerPorts
  readonly #idleMs: number
  readonly #isOver: (run: string) => Promise<boolean>
  readonly #pooled = new Map<string, Pooled>()
  /** Replaced while items still used them: closed with the last one. */
  readonly #retired = new Set<Pooled>()
  readonly #closing = new AbortController()

  /** `isOver`: whether a run has ended; it may throw where that can't be told now. */
  constructor(
    ports: WorkerPorts,
    options: { readonly idleMs: number; readonly isOver: (run: string) => Promise<boolean> },
  ) {
    this.#open = ports.openMount
    this.#ports = ports
    this.#idleMs = options.idleMs
    this.#isOver = options.isOver
  }

  /** Dispose of what it gives once the item is done. `run`: absent for messages of the original's manager. */
  async openAll(addresses: readonly string[], exportPath: string, run?: string): Promise<OpenedMounts> {
    const failures = new Map<string, WalkError>()
    const dead = new Set<Mount>()
    const used: Pooled[] = []
    const mounts = await Promise.all(
      addresses.map(async (address) => {
        try {
          const pooled = await this.#current(address, exportPath, run)
          pooled.uses += 1
          used.push(pooled)
          return await pooled.opening
        } catch (cause) {
          const error = isWalkError(cause)
            ? cause
            : new WalkError('MOUNT_DOWN', `${address}:${exportPath} can't be opened: ${messageOf(cause)}`, { cause })
          failures.set(address, error)
          const mount = unavailableMount(address, error)
          dead.add(mount)
          return mount
        }
      }),
    )
    const release = (): void => {
      for (const pooled of used.splice(0)) this.#release(pooled)
    }
    const alive = mounts.filter((mount) => !dead.has(mount))
    const twins = sameNodes(alive)
    const noteOn = (address: string): string | undefined =>
      failures.get(address)?.message ?? alive.find(({ name }) => name === address)?.health?.reason ?? twins.get(address)
    return { mounts, alive, failures: [...failures.values()], noteOn, [Symbol.dispose]: release }
  }

  /** Closes what is idle, now and then, until the pool is closed. */
  async closeIdle(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      await sleep(this.#ports.clock, Math.max(1, this.#idleMs / 2), signal).catch(() => undefined)
      const now = this.#ports.clock.now()
      for (const [key, pooled] of this.#pooled) {
        if (pooled.uses > 0 || now - pooled.usedAtMs < this.#idleMs) continue
        this.#pooled.delete(key)
        void close(pooled)
      }
    }
  }

  /** Closes every mount. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the worker stops'))
    const pooled = [...this.#pooled.values(), ...this.#retired]
    this.#pooled.clear()
    this.#retired.clear()
    await Promise.all(pooled.map(close))
  }

  /** The opened mount, opened again where its root is not the one that it was opened with. */
  async #current(address: string, exportPath: string, run: string | undefined): Promise<Pooled> {
    const own = `${address} ${exportPath} ${run ?? ''}`
    let key = this.#pooled.has(own) ? own : `${address} ${exportPath}`
    let pooled = this.#get(key, address, exportPath, run)
    pooled.usedAtMs = this.#ports.clock.now()
    let mount = await pooled.opening
    if (mount.forOneRun === true && pooled.run !== run) {
      key = own
      pooled = this.#get(key, address, exportPath, run)
      mount = await pooled.opening
    }
    const look = run ?? `original ${Math.floor(pooled.usedAtMs / originalLookMs)}`
    const looked = pooled.looks.get(look) ?? this.#isSame(pooled, mount)
    if (pooled.looks.size >= mostRuns) pooled.looks.clear()
    pooled.looks.set(look, looked)
    if (await looked) return pooled
    // Another item may have replaced it meanwhile. The new one is not looked at for this run again.
    if (this.#pooled.get(key) === pooled) this.#retire(key, pooled)
    const anew = this.#get(key, address, exportPath, run)
    anew.usedAtMs = this.#ports.clock.now()
    if (!anew.looks.has(look)) anew.looks.set(look, Promise.resolve(true))
    await anew.opening
    return anew
  }

  async #isSame(pooled: Pooled, mount: Mount): Promise<boolean> {
    if (mount.health?.alive === false) return true
    const late = new AbortController()
    const { clock } = this.#ports
    const stop = clock.setTimer(lookMs, () => late.abort(new Error('the root did not answer')))
    try {
      const { id } = await mount.stat('/', { signal: late.signal })
      pooled.rootId ??= id
      return pooled.rootId === id
    } catch (error) {
      return !isWalkError(error) || error.code !== 'STALE'
    } finally {
      stop()
    }
  }

  #get(key: string, address: string, exportPath: string, run: string | undefined): Pooled {
    const now = this.#ports.clock.now()
    const known = this.#pooled.get(key)
    if (known !== undefined && (known.failedAtMs === undefined || now - known.failedAtMs < retryMs)) return known
    const pooled: Pooled = {
      opening: this.#open(address, exportPath, { signal: this.#closing.signal }),
      run,
      failedAtMs: undefined,
      uses: 0,
      usedAtMs: now,
      rootId: undefined,
      looks: new Map(),
    }
    pooled.opening.then(
      (mount) => {
        if (mount.forOneRun === true) void this.#closeWithItsRun(key, pooled)
      },
      () => {
        pooled.failedAtMs = this.#ports.clock.now()
      },
    )
    this.#pooled.set(key, pooled)
    return pooled
  }

  async #closeWithItsRun(key: string, pooled: Pooled): Promise<void> {
    const { signal } = this.#closing
    while (this.#pooled.get(key) === pooled && !signal.aborted) {
      await sleep(this.#ports.clock, runLookMs, signal).catch(() => undefined)
      // The queues may be away: then the run counts as live.
      const over = await this.#isUnwanted(pooled).catch(() => false)
      if (over && this.#pooled.get(key) === pooled) this.#retire(key, pooled)
    }
  }

  async #isUnwanted({ run, uses, usedAtMs }: Pooled): Promise<boolean> {
    if (run !== undefined) return this.#isOver(run)
    return uses === 0 && this.#ports.clock.now() - usedAtMs >= originalIdleMs
  }

  #retire(key: string, pooled: Pooled): void {
    this.#pooled.delete(key)
    if (pooled.uses > 0) this.#retired.add(pooled)
    else void close(pooled)
  }

  #release(pooled: Pooled): void {
    pooled.uses -= 1
    pooled.usedAtMs = this.#ports.clock.now()
    if (pooled.uses === 0 && this.#retired.delete(pooled)) void close(pooled)
  }
}

/** Names that lead to one address of one server: what is read through the second one is read twice, and warms nothing more. */
function sameNodes(mounts: readonly Mount[]): Map<string, string> {
  const first = new Map<string, string>()
  const notes = new Map<string, string>()
  for (const { name, peer, handleSpace } of mounts) {
    if (peer === undefined || handleSpace === undefined) continue
    const node = `${peer} ${handleSpace}`
    const known = first.get(node)
    if (known === undefined) first.set(node, name)
    else notes.set(name, `the same node as ${known}: both are ${peer}`)
  }
  return notes
}

/** An error here has no consequence: the mount is not used any more. */
async function close({ opening }: Pooled): Promise<void> {
  try {
    await (await opening).close()
  } catch {}
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/**
 * Stands in for an address that could not be opened: every call fails with the reason, and directories are
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

/** Always down, so that no read waits for it: it is opened again for the next item. */
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
