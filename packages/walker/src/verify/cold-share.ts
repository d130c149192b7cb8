import { clamp, countAbove, difference, effectiveDraws, type Interval, quantile, sorted, wilson } from './statistics.ts'

/** What the estimate starts from. Latencies are in milliseconds; index `i` of each list belongs to the same file. */
export interface Reads {
  /** First reads: some from the cache, some from behind it. In the order in which they were made. */
  readonly firstMs: readonly number[]
  /** Reads of the same files right after. */
  readonly againMs: readonly number[]
  /** Calls that read nothing, each made right before the first read. Fewer than files are used in turn. */
  readonly floorMs: readonly number[]
  /** Files that could not be read at all. They count as cold. */
  readonly failed: number
  /** Files that the sample was drawn from. */
  readonly population: number
}

/** Lines between fast and slow, in milliseconds, that the bounds were found with. */
export interface Lines {
  /** A first read slower than this may be cold. */
  readonly fastMs: number
  /** Upper bound of the number of cold reads faster than `fastMs`, relative to the number of slower ones. */
  readonly hidden: number
  /** A first read slower than this by `slowestHitMs` is cold, except for as many as there are controls slower than this. */
  readonly slowMs: number
  /** A read from the cache may take this much longer than `slowMs`. */
  readonly slowestHitMs: number
  /** First reads slower than this by `shiftMs` are compared with re-reads slower than this. */
  readonly doubtfulMs: number
  readonly shiftMs: number
}

/** The share of cold files and the lines that it was found with. */
export interface ColdShare extends Interval {
  readonly lines: Lines
}

/** What is taken for granted of reads, in milliseconds more than a re-read. */
export interface Limits {
  /** A read from behind the cache takes at least this much longer: another network. Default 0.5. */
  readonly fastestMissMs: number
  /** A read from the cache takes at most this much longer: its disk. Default 3. */
  readonly slowestHitMs: number
}

export const defaultLimits: Limits = { fastestMissMs: 0.5, slowestHitMs: 3 }

/**
 * Bounds of the share of cold files. Cold reads are of unknown latency, and calls are held up for reasons of their own; so
 * each bound assumes only what it must:
 *
 * - Lower bound: a warm first read takes at most `slowestHitMs` longer than a re-read, more where first reads show
 *   a disk of the cache, and is held up no more often than the control that is held up most, without regard to any one
 *   eighth of the measurement.
 * - Upper bound: every slow first read may be cold, except for as many as are held up of the control that is
 *   held up least; and the fast tail of cold reads falls off at least geometrically on the logarithmic scale, as those of
 *   log-normal, gamma and Weibull distributions do.
 *
 * Controls are calls that never leave the cache: re-reads and NULL calls. Where they disagree the interval is wide. Undefined
 * where no line separates most of the controls from anything.
 */
export function coldShare(reads: Reads, limits: Limits = defaultLimits): ColdShare | undefined {
  const lines = linesFor(reads, limits)
  return lines && { ...coldShareAt(reads, lines), lines }
}

/** Where cold reads lie among re-reads, every line misses some: that this many times as many are cold as can be seen. */
const overlapFactor = 2

/** The same bounds for a part of the files, with the lines of the whole. */
export function coldShareAt(reads: Reads, lines: Lines): Interval {
  const { fastMs, hidden, slowMs, slowestHitMs, doubtfulMs, shiftMs } = lines
  const low = clamp(
    Math.min(...stretches(reads.firstMs.length).map((but) => atLeast(reads, slowMs, slowestHitMs, but))),
  )
  const most = atMost(reads, fastMs, hidden)
  // First reads that are all a little slower than re-reads refute that the fast ones are warm.
  const refuted = compare(reads, reads.againMs, doubtfulMs + shiftMs, doubtfulMs)
  const high = clamp((refuted.low + refuted.share) / 2 > most ? refuted.high * overlapFactor : most, low)
  return { share: clamp(compare(reads, reads.againMs, fastMs, fastMs).share, low, high), low, high }
}

/** Each bound has the line that makes it tightest. */
function linesFor(reads: Reads, { fastestMissMs, slowestHitMs }: Limits): Lines | undefined {
  const baseMs = quantile(sorted(reads.againMs), 0.25) ?? 0
  const all = linesUpTo(mostDeviations.lower, reads, fastestMissMs)
  const cautious = linesUpTo(mostDeviations.heldUp, reads, fastestMissMs)
  const passing = countAbove(reads.againMs, cautious.at(-1) ?? 0)
  const isCalm = passing <= heldUpShare * reads.againMs.length
  const upper = (isCalm ? linesUpTo(mostDeviations.upper, reads, fastestMissMs) : cautious).filter(
    (line) => line <= coldFactor * baseMs + fastestMissMs && hiddenBelow(reads, line, baseMs) !== undefined,
  )
  if (upper.length === 0) return undefined
  const hidden = (line: number): number => hiddenBelow(reads, line, baseMs) ?? 0
  const fastMs = best(upper, (line) => -atMost(reads, line, hidden(line)))
  const shiftMs = fastestMissMs / 2
  const slowMs = best(all, (line) => atLeast(reads, line, slowestHitMs))
  return {
    fastMs,
    hidden: hidden(fastMs),
    slowMs,
    slowestHitMs: Math.max(slowestHitMs, diskAbove(reads, slowMs)),
    doubtfulMs: best(all, (line) => compare(reads, reads.againMs, line + shiftMs, line).low),
    shiftMs,
  }
}

/** The cold share that shows when first reads slower than one line are compared with each control slower than another. */
const comparisons = (reads: Reads, firstLine: number, controlLine: number, but?: Stretch): Interval[] =>
  [reads.againMs, reads.floorMs].map((control) => compare(reads, control, firstLine, controlLine, but))

const atLeast = (reads: Reads, line: number, slowestHitMs: number, but?: Stretch): number =>
  Math.min(...comparisons(reads, line + slowestHitMs, line, but).map(({ low }) => low))

/** Files by the places of the first and of the one after the last, in order of measurement. */
type Stretch = readonly [from: number, to: number]

/** Stretches that the lower bound must do without: this many side by side, and as many less one that overlap them. */
const stretchCount = 8

/**
 * Every stretch in which first reads alone may have been slow for a reason of its own: a cache or a program that is slow to
 * start, a disk of the cache that is busy for a while.
 */
const stretches = (count: number): Stretch[] =>
  Array.from({ length: 2 * stretchCount - 1 }, (_, at) => [
    Math.floor((at * count) / (2 * stretchCount)),
    Math.ceil(((at + 2) * count) / (2 * stretchCount)),
  ])

function atMost(reads: Reads, line: number, hidden: number): number {
  const most = Math.max(...comparisons(reads, line, line).map(({ high }) => high))
  // What could not be read hides nothing.
  const failed = reads.failed / (reads.firstMs.length + reads.failed)
  return most + hidden * Math.max(0, most - failed)
}

/**
 * Files whose first read is slow and whose control is fast, less those of the opposite: what hits both alike, such as a
 * network that stalls for a while, cancels out (as in McNemar's test). Of files with a fast control all cold ones have a
 * slow first read, so `n10 = fast cold + n01` in the mean. Chance is in three places: which files were drawn, and what is
 * held up of either kind of call.
 */
function compare(
  { firstMs, failed, population }: Reads,
  controlMs: readonly number[],
  firstLine: number,
  controlLine: number,
  [from, to]: Stretch = [0, 0],
): Interval {
  let fast = failed
  let slowFirst = failed
  let slowControl = 0
  for (let at = 0; at < firstMs.length; at++) {
    if (at >= from && at < to) continue
    const isSlow = (firstMs[at] ?? 0) > firstLine
    if ((controlMs[at % controlMs.length] ?? 0) > controlLine) {
      if (!isSlow) slowControl++
    } else {
      fast++
      if (isSlow) slowFirst++
    }
  }
  if (fast === 0) return { share: 0, low: 0, high: 1 }
  const drawn = firstMs.length - (to - from) + failed
  const draws = fast * (effectiveDraws(drawn, population) / drawn)
  return difference(wilson((slowFirst / fast) * draws, draws), wilson(slowControl / 2, fast / 2))
}

/** Lines are tried at steps of this factor at most, and at this many places at least. */
const [step, leastPlaces] = [1.15, 4]
/** No line lies higher than this many times the fast quarter of re-reads. */
const highest = 50
/** Nor one for the upper bound higher than this: the typical cold read is taken to be slower. */
const coldFactor = 5
/** Of either control at least this share is faster than a line. */
const fastShare = 0.65
/**
 * How far above the middle of the re-reads lines lie at most, in standard deviations. Any line gives a true lower bound of what
 * is cold; one for the upper bound must not lie among cold reads, and less so where calls are held up.
 */
const mostDeviations = { lower: 3.2, upper: 2, heldUp: 1.5 }
/** Of what scatters normally 6.7 % pass `heldUp`: where more than this do, calls are held up, and the scatter is uncertain. */
const heldUpShare = 0.12
/** Quantiles that show how wide re-reads scatter, and where they lie in a normal distribution. */
const [tenthAt, quarterAt] = [1.2816, 0.6745]

/**
 * Lines above the bulk of the re-reads, up to the given number of standard deviations on the logarithmic scale. The fast
 * quarter alone says how wide they scatter: it changes little when half of all calls are held up.
 */
function linesUpTo(deviations: number, { againMs, floorMs }: Reads, beyondMs: number): number[] {
  const ascending = sorted(againMs)
  const [tenth, quarter] = [quantile(ascending, 0.1), quantile(ascending, 0.25)]
  if (tenth === undefined || quarter === undefined || tenth <= 0) return []
  const top = quarter * (quarter / tenth) ** ((deviations + quarterAt) / (tenthAt - quarterAt)) + beyondMs
  const least = Math.max(...[ascending, sorted(floorMs)].map((all) => quantile(all, fastShare) ?? 0))
  const range = Math.min(top / quarter, highest)
  const places = Math.max(leastPlaces, Math.ceil(Math.log(range) / Math.log(step)))
  return Array.from({ length: places }, (_, at) => quarter * range ** ((at + 1) / places)).filter(
    (line) => line >= least,
  )
}

/** The line for which the value is largest. */
function best(lines: readonly number[], value: (line: number) => number): number {
  let found = lines[0] ?? 0
  let most = Number.NEGATIVE_INFINITY
  for (const line of lines) {
    const of = value(line)
    if (of > most) [found, most] = [line, of]
  }
  return found
}

/** Stretches of the logarithmic scale in which the fast tail of cold reads is looked at. */
const stretchFactor = 1.5

/**
 * How many cold reads may be faster than the line, relative to those that are slower. The two stretches above the line show
 * how fast the tail falls off; below it falls off at least as fast, down to `baseMs`, which no cold read is faster than.
 * Undefined where so many more re-reads than first reads are slower than the line that nothing shows.
 */
function hiddenBelow({ firstMs, againMs }: Reads, line: number, baseMs: number): number | undefined {
  const count = firstMs.length
  const within = (values: readonly number[], from: number): number =>
    countAbove(values, from) - countAbove(values, from * stretchFactor)
  const slow = countAbove(againMs, line)
  const cold = clamp((countAbove(firstMs, line) - slow) / (count - slow))
  const excess = (from: number): Interval =>
    difference(wilson(within(firstMs, from), count), wilson((1 - cold) * within(againMs, from), count))
  const near = Math.max(0, excess(line).high)
  if (cold === 0 && near === 0) return undefined
  const next = excess(line * stretchFactor).share
  const ratio = next > near ? near / next : 1
  const stretches = Math.max(1, Math.ceil(Math.log(line / baseMs) / Math.log(stretchFactor)))
  let hidden = 0
  for (let at = 1; at <= stretches; at++) hidden += near * ratio ** at
  return hidden / Math.max(cold, near)
}

/** A read from a busy hard disk of the cache takes at most this much longer than a re-read, in milliseconds. */
const slowestDiskMs = 20
/**
 * Places on the logarithmic scale lie this factor apart; a level is `levelWidth` of them wide: its slow end takes half as long
 * again.
 */
const [levelStep, levelWidth] = [1.15, 3]

/**
 * How much slower than `slowMs` reads from a disk of the cache may be, in milliseconds; 0 where no disk shows. It shows where
 * slow first reads lie at two levels with a gap between them, the lower at most `slowestDiskMs` slower. The lower may as well
 * be an origin that is nearer than another: latency can't tell. Calls that are held up make a level of their own, so the upper
 * has to hold more first reads than controls that are as slow.
 */
function diskAbove({ firstMs, againMs, floorMs }: Reads, slowMs: number): number {
  const slow = firstMs.filter((ms) => ms > slowMs)
  if (slow.length === 0 || slowMs <= 0) return 0
  const slowest = slow.reduce((most, ms) => Math.max(most, ms), 0)
  const places = Math.ceil(Math.log(slowest / slowMs) / Math.log(levelStep)) + 1
  const levels = levelsFrom(slow, slowMs, places)
  const heldUp = (byMs: number): number =>
    Math.max(...[againMs, floorMs].map((all) => (countAbove(all, byMs) / all.length) * firstMs.length))
  let [end, fewest] = [slowMs, Number.POSITIVE_INFINITY]
  for (let at = levelWidth; at < places && slowMs * (levelStep ** at - 1) <= slowestDiskMs; at++) {
    const between = levels[at] ?? 0
    const lower = Math.max(...levels.slice(0, at - levelWidth + 1))
    const upper = Math.max(0, ...levels.slice(at + levelWidth))
    const [startMs, endMs] = [slowMs * levelStep ** at, slowMs * levelStep ** (at + levelWidth)]
    if (between >= fewest || !isMore(lower, between) || !isMore(upper, between + heldUp(endMs - startMs))) continue
    ;[end, fewest] = [endMs, between]
  }
  return end - slowMs
}

/** By two standard deviations of what is counted. */
const isMore = (more: number, fewer: number): boolean => more - fewer > 2 * Math.sqrt(more + fewer)

/** How many lie within the level that begins at each place. */
function levelsFrom(values: readonly number[], fromMs: number, places: number): number[] {
  const above = Array.from({ length: places + levelWidth }, (_, at) => countAbove(values, fromMs * levelStep ** at))
  return Array.from({ length: places }, (_, at) => (above[at] ?? 0) - (above[at + levelWidth] ?? 0))
}
