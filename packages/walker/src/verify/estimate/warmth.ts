import type { Measured, ProbeFailure } from '../measure/measure.ts'
import { type ColdShare, coldShare, defaultLimits, type Limits, type Lines } from './cold-share.ts'
import { clamp, type Interval } from './interval.ts'
import { type Histogram, histogram, quantile, quantileOf, rebinned, type Scale, sorted } from './latencies.ts'
import { isSteady } from './steadiness.ts'
import { untold, type Verdict, warmOf } from './verdict.ts'

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
const WIDEST = 0.3

export const isTooWide = ({ low, high }: Interval): boolean => high - low > WIDEST

/** A re-read from a cache takes at most this much longer than a NULL call: relative, in milliseconds, and for its bytes. */
const HIT = { factor: 1.3, ms: 1, bytesPerMs: 100_000 }

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
  if (again > HIT.factor * floor + HIT.ms + headBytes / HIT.bytesPerMs)
    return `reading a file that has just been read takes ${ms(again)}, a call that reads nothing ${ms(floor)}: nothing shows that reads come from a cache`
  if (cold === undefined)
    return 'a third of the re-reads or NULL calls, or more, are held up: latency tells nothing here'
  const lineMs = cold.lines.fastMs
  if (isTooWide(cold)) return tooWide(cold, firstMs.length)
  if (!isSteady(firstMs, againMs, lineMs))
    return 'the share of slow first reads changed during the measurement: the cache is being filled or emptied, or was slow to start'
  if (cold.share <= 0.5 && warmUpMs !== undefined && warmUpMs <= lineMs)
    return `the warm-up's own reads took ${ms(warmUpMs)}, no longer than reads of what is warm: either it was warm before, or latency can't tell cold from warm here`
  return undefined
}

/** Files for which chance alone leaves an interval narrow enough. */
const ENOUGH = 200

const tooWide = ({ lines: { fastMs } }: ColdShare, sampled: number): string =>
  sampled < ENOUGH
    ? `a sample of ${sampled} leaves too much to chance`
    : `first reads above ${ms(fastMs)} may be cold, slow reads from the cache's disk, or held up: latency can't tell cold from warm here`

const ms = (value: number): string => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`
