import {
  addCounts,
  type Counts,
  emptyCounts,
  type LevelCounts,
  type MountCounts,
  type MountState,
  type SampleCounts,
} from '@cachewarmer/core'
import type { LevelCounters, LimitFigures, MountFigures, Walk } from '@cachewarmer/walker'

/** Bins of latencies that a result has room for, all addresses together; that is 30 each for 64 of them. */
const mostBins = 2_000

/** What counts say besides, where somebody wants to hear it. */
export interface CountsDetails {
  readonly sample?: SampleCounts | undefined
  /** How long reads took. */
  readonly latencies?: boolean | undefined
  /** How many bytes listings found. */
  readonly bytesFound?: boolean | undefined
}

/** The walk's counters in the words of results: sums that are too large for a message stop where the ledger's do. */
export function countsOf(walk: Walk, { sample, latencies = false, bytesFound = false }: CountsDetails = {}): Counts {
  let room = latencies ? mostBins : 0
  const timed = (bins: Readonly<Record<number, number>>): Pick<MountCounts, 'latencies'> => {
    const count = Object.keys(bins).length
    if (count === 0 || count > room) return {}
    room -= count
    return { latencies: bins }
  }
  const { directories, files, bytes, entriesSkipped, leftOut, specialSkipped, failures, sizes, mounts, levels } =
    walk.counters
  return addCounts(emptyCounts(), {
    directories,
    files,
    bytes,
    entriesSkipped,
    specialSkipped,
    ...(Object.keys(leftOut).length === 0 ? {} : { leftOut }),
    failures,
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
    ...(Object.keys(levels).length === 0 ? {} : { levels: levelsOf(levels, bytesFound) }),
    ...(Object.keys(sizes).length === 0 ? {} : { sizes }),
    ...(sample === undefined ? {} : { sample }),
  })
}

const levelsOf = (levels: Readonly<Record<number, LevelCounters>>, bytesFound: boolean): Record<string, LevelCounts> =>
  Object.fromEntries(
    Object.entries(levels).map(([depth, { bytes, ...level }]) => [depth, bytesFound ? { ...level, bytes } : level]),
  )

/** The addresses as this walk finds them. */
export function mountStates(walk: Walk): MountState[] {
  return Object.entries(walk.counters.mounts).map(([address, { state, longReads, ...figures }]) => ({
    address,
    state,
    ...limitState(figures),
    ...(longReads !== undefined ? { longReads: limitState(longReads) } : {}),
  }))
}

function limitState({
  inFlight,
  limit = 0,
  p50Ms,
  p99Ms,
  floorMs,
}: Pick<MountFigures, keyof LimitFigures & keyof MountFigures>): Omit<MountState, 'address' | 'state' | 'longReads'> {
  return {
    inFlight,
    limit,
    ...(p50Ms === undefined ? {} : { p50Ms }),
    ...(p99Ms === undefined ? {} : { p99Ms }),
    ...(floorMs === undefined ? {} : { floorMs }),
  }
}
