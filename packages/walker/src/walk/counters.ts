import type { WalkErrorCode } from '../errors.ts'
import type { LimitFigures } from '../limits/limiter.ts'
import type { Reach } from '../mounts/mount.ts'

export interface MountCounters {
  /** Files whose beginning was read through this mount. */
  files: number
  /** Bytes that came through this mount. */
  bytes: number
  /** Failures of reads through this mount, one a file. */
  failures: number
  /** Of the files that no other mount had read before: how many reads of their beginning took how long, by `latencyBin`. */
  latencies: Record<number, number>
}

/** A mount's counters, and how it is doing. Only the counters add up. */
export interface MountFigures extends MountCounters {
  /** A mount without `health` is up. */
  readonly state: 'up' | 'down'
  readonly limits: MountLimits
  readonly reach?: Reach
}

/** How the limits of a mount are doing. */
export interface MountLimits {
  /** Of reads. `inFlight` are those of this walk; the limit is 0 where it does not tell. */
  readonly reads: LimitFigures
  /** Of the requests of long reads, of all walks; absent where these have no limit of their own. */
  readonly longReads?: LimitFigures
}

/** What listings at one depth found. */
export interface LevelCounters {
  /** Directories that are done: listed to their end, or failed. */
  listed: number
  /** Directories that are to be entered, found so far. */
  directories: number
  /** Files that are to be read, found so far; what links lead to is left out. */
  files: number
  /** Bytes of them that are to be read, as far as sizes are known. */
  bytes: number
}

/** Deeper directories than this count as being of this depth. */
export const deepestLevel = 63

/** Files of about one size, and what their sizes add up to. */
export interface SizeCounts {
  files: number
  bytes: number
}

/** "0" for an empty file, else n for 2^(n-1) up to 2^n bytes, the latter not in it: the binary digits of the size. */
export function sizeClass(bytes: number): string {
  if (bytes < 1) return '0'
  const exponent = Math.floor(Math.log2(bytes))
  // Just below a large power of two the logarithm is rounded up to it.
  return String(2 ** exponent > bytes ? exponent : exponent + 1)
}

/** Bins of latencies: ten a decade, from 0.01 ms on. */
const latencyBins = 70
const binsPerDecade = 10
const firstDecade = -2

/** 0 for the shortest, 69 for the longest; bin n begins at 10^((n - 20) / 10) ms. What lies beyond an end is in the bin there. */
export function latencyBin(ms: number): number {
  const bin = Math.floor((Math.log10(ms) - firstDecade) * binsPerDecade)
  return Math.min(latencyBins - 1, Math.max(0, bin))
}

/** Live figures of a walk. What hangs on a listing that is rolled back is taken out again. */
export interface WalkCounters {
  /** Directories listed to their end. */
  directories: number
  /** Files read through all the mounts they were to be read through. */
  files: number
  /** Those of them that `headBytes` left partly unread. */
  filesInPart: number
  /** Bytes of those files, once each however many mounts they came through. */
  bytes: number
  /** Files and directories that the filter left out. */
  entriesSkipped: number
  /** The same by the rule that left them out, as the filter names it. */
  leftOut: Record<string, number>
  /** Links that are not followed, devices, FIFOs, sockets. */
  specialSkipped: number
  failures: Partial<Record<WalkErrorCode, number>>
  /** Of a walk that reads nothing: files by `sizeClass`. Empty for every other. */
  sizes: Record<string, SizeCounts>
  /** By the mount's name. */
  mounts: Record<string, MountFigures>
  /** By the depth of the directory that was listed: 0 is the export's root. */
  levels: Record<number, LevelCounters>
  /** Chunks of large files that were read through every mount that they need; a walk that stops does not lose them. */
  chunks: number
  /** Reads in flight now. */
  inFlight: number
  /** Bytes that came through any mount, of files that are complete or not, or failed. Never falls. */
  bytesArrived: number
  /** Bytes that arrived of files that are not complete, each once. */
  bytesInFlight: number
}

/** A path, a listing or a read through one mount that failed. */
export interface WalkFailure {
  readonly path: string
  /** The mount's name, where the failure is one mount's. */
  readonly mount?: string | undefined
  readonly code: WalkErrorCode
  readonly message: string
}

/** The figures that add up; what is in flight and how mounts do does not. */
export interface Counts
  extends Omit<WalkCounters, 'chunks' | 'inFlight' | 'bytesArrived' | 'bytesInFlight' | 'mounts'> {
  mounts: Record<string, MountCounters>
}

/** Bytes that came through one mount. */
export interface MountRead {
  readonly mount: string
  readonly bytes: number
  /** How long the first request of a file's first read took; undefined for every other read, and where it is unknown. */
  readonly firstMs?: number | undefined
}

export const zeroCounts = (mountNames: readonly string[]): Counts => ({
  directories: 0,
  files: 0,
  filesInPart: 0,
  bytes: 0,
  entriesSkipped: 0,
  leftOut: {},
  specialSkipped: 0,
  failures: {},
  sizes: {},
  mounts: Object.fromEntries(mountNames.map((name) => [name, { files: 0, bytes: 0, failures: 0, latencies: {} }])),
  levels: {},
})

/** Adds to one depth, or with a `sign` of -1 takes away; a depth without anything left is removed. */
export function addLevel(into: Counts, depth: number, found: Readonly<LevelCounters>, sign: 1 | -1 = 1): void {
  const level = into.levels[depth] ?? { listed: 0, directories: 0, files: 0, bytes: 0 }
  level.listed += sign * found.listed
  level.directories += sign * found.directories
  level.files += sign * found.files
  level.bytes += sign * found.bytes
  if (level.listed === 0 && level.directories === 0 && level.files === 0) delete into.levels[depth]
  else into.levels[depth] = level
}

/**
 * The sum of two counts of bytes. From 2^53 - 1 on it stays there, and means "at least": a few sparse files say that they
 * have more.
 */
export const addBytes = (sum: number, bytes: number): number =>
  sum >= Number.MAX_SAFE_INTEGER ? sum : Math.min(Number.MAX_SAFE_INTEGER, sum + bytes)

/** Adds, or with a `sign` of -1 takes away, all of `from`. */
export function addCounts(into: Counts, from: Counts, sign: 1 | -1): void {
  into.directories += sign * from.directories
  into.files += sign * from.files
  into.filesInPart += sign * from.filesInPart
  into.bytes = addBytes(into.bytes, sign * from.bytes)
  into.entriesSkipped += sign * from.entriesSkipped
  into.specialSkipped += sign * from.specialSkipped
  for (const [rule, count] of Object.entries(from.leftOut)) {
    const sum = (into.leftOut[rule] ?? 0) + sign * count
    if (sum === 0) delete into.leftOut[rule]
    else into.leftOut[rule] = sum
  }
  for (const [code, count] of Object.entries(from.failures) as [WalkErrorCode, number][]) {
    const sum = (into.failures[code] ?? 0) + sign * count
    if (sum === 0) delete into.failures[code]
    else into.failures[code] = sum
  }
  for (const [size, { files, bytes }] of Object.entries(from.sizes)) {
    const sum = into.sizes[size] ?? { files: 0, bytes: 0 }
    sum.files += sign * files
    sum.bytes = addBytes(sum.bytes, sign * bytes)
    if (sum.files === 0) delete into.sizes[size]
    else into.sizes[size] = sum
  }
  for (const [name, { files, bytes, failures, latencies }] of Object.entries(from.mounts)) {
    const counts = into.mounts[name]
    if (!counts) continue
    counts.files += sign * files
    counts.bytes = addBytes(counts.bytes, sign * bytes)
    counts.failures += sign * failures
    for (const [bin, reads] of Object.entries(latencies)) {
      const sum = (counts.latencies[Number(bin)] ?? 0) + sign * reads
      if (sum === 0) delete counts.latencies[Number(bin)]
      else counts.latencies[Number(bin)] = sum
    }
  }
  for (const [depth, found] of Object.entries(from.levels)) addLevel(into, Number(depth), found, sign)
}
