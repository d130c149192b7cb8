import type { Measured, ProbeFailure } from '../measure/measure.ts'
import { type ColdShare, coldShare } from './cold-share.ts'
import { type Interval, weightedMean } from './interval.ts'
import { type Histogram, histogram, quantile, quantileOf, rebinned, type Scale, sorted } from './latencies.ts'

/** How warm the files are through one address. Shares are of files, latencies in milliseconds. */
export interface AddressWarmth extends Interval {
  readonly name: string
  /** Files that were read, or could not be. */
  readonly sampled: number
  /** False: the measurement can't tell, and the interval means nothing; `doubt` says why. */
  readonly conclusive: boolean
  readonly doubt?: string | undefined
  /** Medians; undefined where nothing was measured. */
  readonly floorMs: number | undefined
  readonly firstMs: number | undefined
  readonly againMs: number | undefined
  /** Median of the first reads that were slower than `thresholdMs`: what a cold read takes. */
  readonly coldMs: number | undefined
  /** Median of the warm-up's own reads of cold files, where it is known. */
  readonly warmUpMs: number | undefined
  readonly thresholdMs: number
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
  /** What cold reads are known to take, as from the warm-up itself. */
  readonly coldMs?: number | undefined
  /** The same as a distribution, of this address; then `coldMs` is not looked at. */
  readonly coldReads?: Histogram | undefined
  /** Ends of the histograms. */
  readonly scale: Scale
}

/** A re-read from memory or disk of a cache takes no longer than this beyond a call that reads nothing. */
const cacheMs = 10

/**
 * What the latencies of an address say. Warm is a file whose first read was as fast as a read of what has just been read.
 * That is no proof where such a re-read is itself slow, or where cold reads are known to be as fast: then it says so.
 */
export function judge(measured: Measured, { population, coldMs, coldReads, scale }: WarmthOptions): AddressWarmth {
  const { name, firstMs, againMs, floorMs, failures, gone } = measured
  const cold = coldShare({ firstMs, againMs, failed: failures.length, population: population - gone })
  const slow = sorted(firstMs.filter((ms) => ms > cold.thresholdMs))
  const medians = {
    floorMs: quantile(sorted(floorMs), 0.5),
    firstMs: quantile(sorted(firstMs), 0.5),
    againMs: quantile(sorted(againMs), 0.5),
  }
  const warmUpMs = (coldReads && quantileOf(coldReads, 0.5)) ?? coldMs
  const doubt = doubtOf({ ...medians, warmUpMs, cold })
  return {
    name,
    sampled: firstMs.length + failures.length,
    share: 1 - cold.share,
    low: 1 - cold.high,
    high: 1 - cold.low,
    conclusive: doubt === undefined,
    doubt,
    ...medians,
    coldMs: quantile(slow, 0.5),
    warmUpMs,
    thresholdMs: cold.thresholdMs,
    slow: cold.slow,
    failures,
    gone,
    histograms: {
      first: histogram(firstMs, scale),
      again: histogram(againMs, scale),
      floor: histogram(floorMs, scale),
      ...(coldReads === undefined ? {} : { warmUp: rebinned(coldReads, scale) }),
    },
  }
}

interface Seen {
  readonly floorMs: number | undefined
  readonly againMs: number | undefined
  readonly warmUpMs: number | undefined
  readonly cold: ColdShare
}

function doubtOf({ floorMs, againMs, warmUpMs, cold }: Seen): string | undefined {
  if (floorMs === undefined || againMs === undefined) return 'no file of the sample could be read'
  if (cold.blurred)
    return `the slow reads begin where the fast ones end, at ${ms(cold.thresholdMs)}: latency can't tell cold from warm here`
  if (cold.share > 0.5) return undefined
  if (againMs > 2 * floorMs + cacheMs)
    return `reading a file that has just been read takes ${ms(againMs)}, a call that reads nothing ${ms(floorMs)}: nothing shows that reads come from a cache`
  if (warmUpMs !== undefined && warmUpMs <= cold.thresholdMs)
    return `the warm-up's own reads took ${ms(warmUpMs)}, no longer than reads of what is warm: either it was warm before, or latency can't tell cold from warm here`
  return undefined
}

const ms = (value: number): string => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`

/** The mean over the addresses, which all serve the same files. */
export const wholeOf = (addresses: readonly Interval[]): Interval =>
  weightedMean(addresses.map((address) => ({ ...address, weight: 1 / addresses.length })))
