import type { Beat, Counts, MountCounts, SampleCounts } from '@cachewarmer/core'
import type { Walk } from '@cachewarmer/walker'

/** Bins of latencies that a result has room for, all addresses together; that is 30 each for 64 of them. */
const mostBins = 2_000

/** What counts say besides, where somebody wants to hear it. */
export interface CountsDetails {
  readonly sample?: SampleCounts | undefined
  /** How long reads took. */
  readonly latencies?: boolean | undefined
}

/** The walk's counters in the words of results. */
export function countsOf(walk: Walk, { sample, latencies = false }: CountsDetails = {}): Counts {
  let room = latencies ? mostBins : 0
  const timed = (bins: Readonly<Record<number, number>>): Pick<MountCounts, 'latencies'> => {
    const count = Object.keys(bins).length
    if (count === 0 || count > room) return {}
    room -= count
    return { latencies: bins }
  }
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
        {
          files: mount.files,
          bytes: mount.bytes,
          failures: mount.failures,
          ...timed(mount.latencies),
        },
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
