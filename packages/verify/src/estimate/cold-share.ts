import { clamp, difference, effectiveDraws, type Interval, wilson } from './interval.ts'
import { countAbove, quantile, sorted } from './latencies.ts'

/** What is left to the estimate: latencies in milliseconds, and how often reading failed. */
export interface Reads {
  /** First reads: some from the cache, some from behind it. */
  readonly firstMs: readonly number[]
  /** Reads of the same files right after: all from the cache. */
  readonly againMs: readonly number[]
  /** Files that could not be read at all: not warm. */
  readonly failed: number
  /** Files that the sample was drawn from. */
  readonly population: number
}

/** How large a share of the files is cold, and where the line was drawn. */
export interface ColdShare extends Interval {
  /** Slower than this is slow. */
  readonly thresholdMs: number
  /** First reads slower than that, and failures. */
  readonly slow: number
  /** The slow reads begin where the fast ones end: some cold ones may be among the fast. */
  readonly blurred: boolean
}

/**
 * The share of cold files, with a 95 % interval. Nobody knows how slow a cold read is, but how slow warm ones are is
 * measured: `a` of them are slower than the line. Of the first reads `q` are. If all cold ones are, then
 * `q = cold + (1 - cold) a`, which gives `cold = (q - a) / (1 - a)` (W. J. Rogan, B. Gladen, American Journal of
 * Epidemiology 107, 1978, for a test that misses nothing).
 */
export function coldShare({ firstMs, againMs, failed, population }: Reads): ColdShare {
  const drawn = firstMs.length + failed
  const thresholdMs = lineAbove(againMs)
  const slow = countAbove(firstMs, thresholdMs) + failed
  // Chance is in three places: which files were drawn, and which warm reads pass the line among the first and the second.
  const draws = effectiveDraws(drawn, population)
  const slowWarm = shareOf(countAbove(againMs, thresholdMs), againMs.length, againMs.length / 2)
  const slowFirst = shareOf(slow, drawn, draws)
  const blurred = isBlurred(firstMs, againMs, thresholdMs)
  if (againMs.length === 0) return { ...slowFirst, thresholdMs, slow, blurred }
  const { share, low, high } = difference(slowFirst, slowWarm)
  const by = 1 - slowWarm.share
  return { share: clamp(share / by), low: clamp(low / by), high: clamp(high / by), thresholdMs, slow, blurred }
}

/** A share of what was drawn, with an interval as narrow as so many draws make it. */
const shareOf = (hits: number, drawn: number, draws: number): Interval =>
  drawn === 0 ? wilson(0, 0) : wilson((hits / drawn) * draws, draws)

/** Quantiles that show how wide warm reads scatter, in standard deviations of the normal distribution. */
const SPREADS: readonly (readonly [share: number, deviations: number])[] = [
  [0.75, 0.6745],
  [0.9, 1.2816],
]
/** The line lies this many deviations above the median: a thousandth of what scatters so passes it. */
const LINE_DEVIATIONS = 3

/**
 * Just above the bulk of the warm reads, so that cold ones have room above it however near the filer is. The bulk alone says
 * where: reads that a network holds up may take as long as cold ones, and are counted instead.
 */
function lineAbove(againMs: readonly number[]): number {
  const ascending = sorted(againMs)
  const median = quantile(ascending, 0.5)
  if (median === undefined) return 0
  const deviations = SPREADS.map(([share, by]) => Math.log((quantile(ascending, share) ?? median) / median) / by)
  return median * Math.exp(LINE_DEVIATIONS * Math.max(0.01, ...deviations))
}

/** A quarter above the line, and this share of the slow reads in there, are too near to trust it. */
const NEAR = 1.25
const NEAR_SHARE = 0.1

function isBlurred(firstMs: readonly number[], againMs: readonly number[], lineMs: number): boolean {
  const near = (values: readonly number[]): number => countAbove(values, lineMs) - countAbove(values, lineMs * NEAR)
  const excess = countAbove(firstMs, lineMs) - countAbove(againMs, lineMs)
  return near(firstMs) - near(againMs) > Math.max(10, NEAR_SHARE * excess)
}
