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
