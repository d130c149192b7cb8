import type { Beat, Counts } from '@cachewarmer/core'
import type { Walk } from '@cachewarmer/walker'

/** The walk's counters in the words of results. */
export function countsOf(walk: Walk): Counts {
  const { directories, files, bytes, entriesSkipped, specialSkipped, failures, mounts } = walk.counters
  return {
    directories,
    files,
    bytes,
    entriesSkipped,
    specialSkipped,
    failures: { ...failures },
    mounts: Object.fromEntries(
      Object.entries(mounts).map(([name, mount]) => [
        name,
        { files: mount.files, bytes: mount.bytes, failures: mount.failures },
      ]),
    ),
  }
}

/** The addresses as this walk finds them. */
export function mountStates(walk: Walk): Beat['mounts'] {
  return Object.keys(walk.counters.mounts).map((address) => ({ address, state: 'up' as const, inFlight: 0, limit: 0 }))
}
