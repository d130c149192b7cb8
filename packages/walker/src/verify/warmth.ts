import { type ColdShare, coldShare, defaultLimits, type Limits, type Lines } from './cold-share.ts'
import type { Measured, ProbeFailure } from './measure.ts'
import {
  clamp,
  type Histogram,
  histogram,
  type Interval,
  quantile,
  quantileOf,
  rebinned,
  type Scale,
  sorted,
} from './statistics.ts'

/** The share of warm files with its bounds, in [0, 1]. The true share lies between them at least 95 times in 100. */
export interface Told {
  readonly conclusive: true
  readonly share: number
  readonly low: number
  readonly high: number
}

/** The measurement can't tell. No number stands for "unknown", so that none can be taken for a result. */
export interface Untold {
  readonly conclusive: false
  readonly share: null
  readonly low: null
  readonly high: null
}

/** What is known of a share of warm files, in one form at every level: address, directory, whole. */
export type Verdict = Told | Untold

export const untold: Untold = { conclusive: false, share: null, low: null, high: null }

/** The verdict on what is warm, from the share that is cold. */
export const warmOf = ({ share, low, high }: Interval): Told => ({
  conclusive: true,
  share: 1 - share,
  low: 1 - high,
  high: 1 - low,
})

/**
 * The mean over the addresses, which all serve the same files; untold as soon as one of them is. Bounds are averaged, as what
 * is unknown of cold reads may be wrong at all addresses in the same direction.
 */
export function wholeOf(addresses: readonly Verdict[]): Verdict {
  const told = addresses.filter((address) => address.conclusive)
  if (told.length === 0 || told.length < addresses.length) return untold
  const mean = (of: (address: Told) => number): number =>
    told.reduce((sum, address) => sum + of(address), 0) / told.length
  return {
    conclusive: true,
    share: mean(({ share }) => share),
    low: mean(({ low }) => low),
    high: mean(({ high }) => high),
  }
}

/** How warm the files are through one address. Shares are of files, latencies in milliseconds. */
export type AddressWarmth = Verdict & {
  readonly name: string
  /** Files that were read, or could not be. */
  readonly sampled: number
  /** Why the measurement can't tell; undefined where it is conclusive. */
  readonly doubt?: string | undefined
  /** Medians; undefined where nothing was measured. */
  readonly floorMs: number | undefined
  readonly firstMs: number | undefined
  readonly againMs: number | undefined
  /** Median of the first reads that were slower than `thresholdMs`: what a cold read takes. */
  readonly coldMs: number | undefined
  /** Median of the warm-up's own reads of cold files, where it is known. */
  readonly warmUpMs: number | undefined
  /** First reads slower than this may be cold; undefined where no line can be drawn. */
  readonly thresholdMs: number | undefined
  /** First reads slower than that, and failures. */
  readonly slow: number
  readonly failures: readonly ProbeFailure[]
  /** Files that were removed since they were listed. */
  readonly gone: number
  /** First reads, reads of the same files right after, and calls that read nothing, on one scale. */
  readonly histograms: {
    readonly first: Histogram
    readonly again: Histogram
    readonly floor: Histogram
    /** Where it is known: what the warm-up's own reads of cold files took. */
    readonly warmUp?: Histogram | undefined
  }
}

export interface WarmthOptions {
  /** Files that the sample was drawn from. */
  readonly population: number
  /** Bytes read of each file: what their transfer may take is granted to re-reads. Default 4,096. */
  readonly headBytes?: number | undefined
  /** What cold reads are known to take, as from the warm-up itself. */
  readonly coldMs?: number | undefined
  /** The same as a distribution, of this address; then `coldMs` is not used. */
  readonly coldReads?: Histogram | undefined
  /** Ends of the histograms. */
  readonly scale: Scale
}

/** An address as judged, with the lines that its directories are judged by: undefined where it can't be told. */
export interface Judgement {
  readonly warmth: AddressWarmth
  readonly lines: Lines | undefined
}

/** The verdict on one address. It depends on nothing but the latencies handed in: see `Reads` for their order. */
export const judge = (measured: Measured, options: WarmthOptions): AddressWarmth => judged(measured, options).warmth

/** The verdict, with the lines behind it. */
export function judged(measured: Measured, options: WarmthOptions): Judgement {
  const { population, headBytes = 4_096, coldMs, coldReads, scale } = options
  const { name, firstMs, againMs, floorMs, failures, gone } = measured
  const reads = { firstMs, againMs, floorMs, failed: failures.length, population: population - gone }
  const cold = coldShare(reads, limitsFor(coldReads))
  const warmUpMs = (coldReads && quantileOf(coldReads, 0.5)) ?? coldMs
  const doubt = doubtOf(measured, { cold, warmUpMs, headBytes })
  const thresholdMs = cold?.lines.fastMs
  const slow = firstMs.filter((ms) => ms > (thresholdMs ?? Number.POSITIVE_INFINITY))
  const isTold = cold !== undefined && doubt === undefined
  const warmth = {
    name,
    sampled: firstMs.length + failures.length,
    ...(isTold ? warmOf(cold) : untold),
    doubt,
    floorMs: median(floorMs),
    firstMs: median(firstMs),
    againMs: median(againMs),
    coldMs: median(slow),
    warmUpMs,
    thresholdMs,
    slow: slow.length + failures.length,
    failures,
    gone,
    histograms: {
      first: histogram(firstMs, scale),
      again: histogram(againMs, scale),
      floor: histogram(floorMs, scale),
      ...(coldReads === undefined ? {} : { warmUp: rebinned(coldReads, scale) }),
    },
  }
  return { warmth, lines: isTold ? cold.lines : undefined }
}

const median = (values: readonly number[]): number | undefined => quantile(sorted(values), 0.5)

/** Known cold reads that were all slow make room for a slow disk of the cache: a quarter of the fastest of them. */
function limitsFor(coldReads: Histogram | undefined): Limits {
  const { fastestMissMs, slowestHitMs } = defaultLimits
  const ms = ((coldReads && quantileOf(coldReads, 0.05)) ?? 0) / 4
  return { fastestMissMs: clamp(ms, fastestMissMs, slowestHitMs), slowestHitMs: Math.max(ms, slowestHitMs) }
}

/** Bounds further apart than this tell nothing. */
const widest = 0.3

export const isTooWide = ({ low, high }: Interval): boolean => high - low > widest

/** A re-read from a cache takes at most this much longer than a NULL call: relative, in milliseconds, and for its bytes. */
const hit = { factor: 1.3, ms: 1, bytesPerMs: 100_000 }

interface Seen {
  readonly cold: ColdShare | undefined
  readonly warmUpMs: number | undefined
  readonly headBytes: number
}

/** Why the latencies prove nothing, or undefined. */
function doubtOf({ firstMs, againMs, floorMs }: Measured, { cold, warmUpMs, headBytes }: Seen): string | undefined {
  // The fast quarter: up to half of all calls may be held up, and it stays the same.
  const [again, floor] = [quantile(sorted(againMs), 0.25), quantile(sorted(floorMs), 0.25)]
  if (again === undefined || floor === undefined) return 'no file of the sample could be read'
  if (again > hit.factor * floor + hit.ms + headBytes / hit.bytesPerMs)
    return `reading a file that has just been read takes ${ms(again)}, a call that reads nothing ${ms(floor)}: nothing shows that reads come from a cache`
  const first = median(firstMs) ?? 0
  if (again > hit.factor * first)
    return `reading a file that has just been read takes ${ms(again)}, reading it for the first time ${ms(first)}: re-reads don't show what a read from the cache takes`
  if (cold === undefined)
    return 'a third of the re-reads or NULL calls are held up, or more of them than of the first reads: latency tells nothing here'
  const lineMs = cold.lines.fastMs
  if (isTooWide(cold)) return tooWide(cold, firstMs.length)
  if (!isSteady(firstMs, againMs, lineMs))
    return 'the share of slow first reads changed during the measurement: the cache is being filled or emptied, or was slow to start'
  if (cold.share <= 0.5 && warmUpMs !== undefined && warmUpMs <= lineMs)
    return `the warm-up's own reads took ${ms(warmUpMs)}, no longer than reads of what is warm: either it was warm before, or latency can't tell cold from warm here`
  return undefined
}

/** Files for which chance alone leaves an interval narrow enough. */
const enoughFiles = 200

const tooWide = ({ lines: { fastMs } }: ColdShare, sampled: number): string =>
  sampled < enoughFiles
    ? `a sample of ${sampled} leaves too much to chance`
    : `first reads above ${ms(fastMs)} may be cold, slow reads from the cache's disk, or held up: latency can't tell cold from warm here`

const ms = (value: number): string => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`

/** Blocks of equal length in time. */
const blocks = 10
/** The chi-squared statistic of nine degrees of freedom passes this four times in 10,000 by chance. */
const limit = 30
/** Fewer files than this have too few slow reads per block. */
const fewest = 200

/**
 * Whether the share of slow first reads stayed the same while it was measured. The sample is in random order, so it does unless
 * something changes: a cache that is being warmed or emptied, or one whose first answers are slow.
 */
export function isSteady(firstMs: readonly number[], againMs: readonly number[], lineMs: number): boolean {
  // Files whose re-read was held up say nothing of their first read.
  const slow = firstMs.filter((_, at) => (againMs[at] ?? 0) <= lineMs).map((ms) => Number(ms > lineMs))
  const count = slow.length
  const mean = slow.reduce((sum, value) => sum + value, 0) / count
  const variance = mean * (1 - mean)
  if (count < fewest || variance === 0) return true
  const sums = Array.from({ length: blocks }, () => 0)
  const sizes = Array.from({ length: blocks }, () => 0)
  for (const [at, value] of slow.entries()) {
    const block = Math.floor((at * blocks) / count)
    sums[block] = (sums[block] ?? 0) + value
    sizes[block] = (sizes[block] ?? 0) + 1
  }
  const statistic = sums.reduce((total, sum, block) => {
    const size = sizes[block] ?? 1
    return total + (sum - size * mean) ** 2 / (size * variance)
  }, 0)
  return statistic <= limit
}
