import type { Clock } from '@cachewarmer/queue'
import type { Resolve } from '@cachewarmer/walker'
import { nfsMount, watchedMount } from '@cachewarmer/walker'
import { withTimers } from '../clock.ts'
import type { MountOpener } from '../ports.ts'

export interface DirectOptions {
  /** Which addresses of a host may be connected to. */
  readonly resolve: Resolve
  /** TCP ports; whichever is missing is asked for at the portmapper. */
  readonly nfsPort?: number | undefined
  readonly mountPort?: number | undefined
  /** For whom the server takes the worker. Default 0, which most servers turn into nobody. */
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  /** TCP connections an address. Default 1. */
  readonly connections?: number | undefined
  /** A call unanswered for so long is sent again, three times at the most. Default 20,000. */
  readonly timeoutMs?: number | undefined
  /** Reads in flight an address at the most; how many there are is found out. */
  readonly maxInFlight: number
  /** How often an address that does not answer is tried again. */
  readonly clock: Clock
}

/**
 * Speaks NFSv3 to each address itself: no mount, no root, no thread a read. How many reads are in flight through an
 * address is found out while it works, and an address that stops answering is taken out until it is back.
 */
export function directAccess(options: DirectOptions): MountOpener {
  const { maxInFlight, clock, ...given } = options
  return async (address, exportPath, { signal }) => {
    const mount = await nfsMount({
      export: { host: address, exportPath, signal, ...given },
      name: address,
      maxInFlight,
    })
    return watchedMount(mount, { clock: withTimers(clock) })
  }
}
