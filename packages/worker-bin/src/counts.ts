import type { Beat, Counts, SampleCounts } from '@cachewarmer/core'
import type { Walk } from '@cachewarmer/walker'

/** The walk's counters in the words of results. */
export function countsOf(walk: Walk, sample?: SampleCounts): Counts {
  const { directories, files, bytes, entriesSkipped, specialSkipped, failures, sizes, mounts, levels } = walk.counters
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
    ...(Object.keys(levels).length === 0 ? {} : { levels: structuredClone(levels) }),
    ...(Object.keys(sizes).length === 0 ? {} : { sizes }),
    ...(sample === undefined ? {} : { sample }),
  }
}

/** The addresses as this walk finds them. */
export function mountStates(walk: Walk): Beat['mounts'] {
  return Object.entries(walk.counters.mounts).map(([address, { state, inFlight, limit, p50Ms, p99Ms, floorMs }]) => ({
    address,
    state,
    inFlight,
    limit: limit ?? 0,
    ...(p50Ms === undefined ? {} : { p50Ms }),
    ...(p99Ms === undefined ? {} : { p99Ms }),
    ...(floorMs === undefined ? {} : { floorMs }),
  }))
}
