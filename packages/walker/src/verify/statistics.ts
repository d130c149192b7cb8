/** Where a share lies: the estimate and its bounds, all in [0, 1]. */
export interface Interval {
  readonly share: number
  readonly low: number
  readonly high: number
}

/**
 * The quantile of the normal distribution that leaves 0.5 % on each side. 95 % is promised; the rest covers what the bounds
 * take for given, such as the choice of the best of several lines.
 */
const Z = 2.5758293035489004

export const clamp = (value: number, low = 0, high = 1): number => Math.min(high, Math.max(low, value))

/**
 * Wilson's score interval for `hits` of `trials`. It holds near 0 and 1, where the normal approximation does not. `trials`
 * may be a fraction: fewer than were made where they tell less, more where the population is almost used up. Zero trials
 * give [0, 1].
 */
export function wilson(hits: number, trials: number): Interval {
  if (trials <= 0) return { share: 0, low: 0, high: 1 }
  const share = clamp(hits / trials)
  const centre = (share + (Z * Z) / (2 * trials)) / (1 + (Z * Z) / trials)
  const half =
    (Z * Math.sqrt((share * (1 - share)) / trials + (Z * Z) / (4 * trials * trials))) / (1 + (Z * Z) / trials)
  return { share, low: Math.min(share, clamp(centre - half)), high: Math.max(share, clamp(centre + half)) }
}

/**
 * Draws with replacement that tell as much as `drawn` without replacement of `population` (finite population correction).
 * Near the whole population little is left to chance; at the whole of it nothing is, and the interval closes.
 */
export function effectiveDraws(drawn: number, population: number): number {
  return drawn >= population ? Number.MAX_SAFE_INTEGER : drawn / (1 - drawn / population)
}

/**
 * The interval of `a - b` of two independent shares, from theirs (Newcombe's hybrid score method, also called MOVER:
 * R. G. Newcombe, Statistics in Medicine 17, 1998). Not clamped.
 */
export function difference(a: Interval, b: Interval): Interval {
  const share = a.share - b.share
  return {
    share,
    low: share - Math.hypot(a.share - a.low, b.high - b.share),
    high: share + Math.hypot(a.high - a.share, b.share - b.low),
  }
}

/** Sorted ascending, as a new array. */
export const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b)

/** The value below which this share of the sorted values lies; undefined for none. */
export function quantile(ascending: readonly number[], share: number): number | undefined {
  if (ascending.length === 0) return undefined
  return ascending[Math.min(ascending.length - 1, Math.max(0, Math.ceil(share * ascending.length) - 1))]
}

/** How many are larger than the limit. */
export function countAbove(values: readonly number[], limit: number): number {
  let count = 0
  for (const value of values) if (value > limit) count++
  return count
}

/** Latencies on a logarithmic scale: `counts[i]` lie from `edgesMs[i]` up to below `edgesMs[i + 1]`. */
export interface Histogram {
  readonly edgesMs: readonly number[]
  readonly counts: readonly number[]
}

/** Both ends of a scale in milliseconds. */
export interface Scale {
  readonly fromMs: number
  readonly toMs: number
}

const binsPerDecade = 10

/** A scale in whole tenths of a decade that holds all values above 0; 0.1 to 1 ms for none. */
export function scaleOf(...sets: readonly (readonly number[])[]): Scale {
  let low = Number.POSITIVE_INFINITY
  let high = 0
  for (const values of sets) {
    for (const value of values) {
      if (value > 0 && value < low) low = value
      if (value > high) high = value
    }
  }
  if (high === 0) return { fromMs: 0.1, toMs: 1 }
  const step = (value: number, round: (x: number) => number): number =>
    10 ** (round(Math.log10(value) * binsPerDecade) / binsPerDecade)
  const fromMs = step(low, Math.floor)
  return { fromMs, toMs: Math.max(step(high, Math.ceil), fromMs * 10 ** (1 / binsPerDecade)) }
}

/** Values beyond an end are counted in the bin at that end. */
export function histogram(values: readonly number[], { fromMs, toMs }: Scale): Histogram {
  const bins = Math.max(1, Math.round(Math.log10(toMs / fromMs) * binsPerDecade))
  const edgesMs = Array.from({ length: bins + 1 }, (_, at) => fromMs * 10 ** (at / binsPerDecade))
  const counts = Array.from({ length: bins }, () => 0)
  for (const value of values) {
    const at = value <= fromMs ? 0 : Math.floor(Math.log10(value / fromMs) * binsPerDecade)
    const bin = Math.min(bins - 1, at)
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  return { edgesMs, counts }
}

/** The value below which this share of what was counted lies, as far as bins tell; undefined for nothing. */
export function quantileOf({ counts, edgesMs }: Histogram, share: number): number | undefined {
  const wanted = share * counts.reduce((sum, count) => sum + count, 0)
  let below = 0
  for (const [at, count] of counts.entries()) {
    if (count > 0 && below + count >= wanted) return middle(edgesMs, at)
    below += count
  }
  return undefined
}

/** The same counts on another scale. */
export function rebinned({ counts, edgesMs }: Histogram, scale: Scale): Histogram {
  const into = histogram([], scale)
  const sums = [...into.counts]
  for (const [at, count] of counts.entries()) {
    const ms = middle(edgesMs, at)
    const bin = histogram(ms === undefined ? [] : [ms], scale).counts.indexOf(1)
    if (bin >= 0) sums[bin] = (sums[bin] ?? 0) + count
  }
  return { ...into, counts: sums }
}

/** On the logarithmic scale. */
function middle(edgesMs: readonly number[], at: number): number | undefined {
  const [from, to] = [edgesMs[at], edgesMs[at + 1]]
  return from === undefined || to === undefined ? undefined : Math.sqrt(from * to)
}
