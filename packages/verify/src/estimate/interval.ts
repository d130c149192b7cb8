/** Where a share lies: the estimate, and between which bounds at least 95 times in 100. All in [0, 1]. */
export interface Interval {
  readonly share: number
  readonly low: number
  readonly high: number
}

/**
 * The quantile of the normal distribution that leaves 1.25 % on each side: what is promised is 95 %, and the rest is for
 * what these formulas take for given, such as which reads are slow ones.
 */
const Z = 2.241402727604947

export const clamp = (value: number): number => Math.min(1, Math.max(0, value))

/**
 * Wilson's score interval for `hits` of `trials`; it holds near 0 and 1, where the textbook's interval does not. `trials`
 * may be a fraction: fewer than were made where they tell less, more where the population is almost used up. Without
 * trials nothing is known.
 */
export function wilson(hits: number, trials: number): Interval {
  if (trials <= 0) return { share: 0, low: 0, high: 1 }
  const share = hits / trials
  const centre = (share + (Z * Z) / (2 * trials)) / (1 + (Z * Z) / trials)
  const half =
    (Z * Math.sqrt((share * (1 - share)) / trials + (Z * Z) / (4 * trials * trials))) / (1 + (Z * Z) / trials)
  return { share, low: Math.min(share, clamp(centre - half)), high: Math.max(share, clamp(centre + half)) }
}

/**
 * Draws that tell as much as `drawn` of `population` without putting back: near the whole of it little is left to chance.
 * Of all of it nothing is, so that the interval of the share drawn closes.
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

/** The interval of the weighted mean of independent shares, by the same method; the weights add up to 1. */
export function weightedMean(parts: readonly (Interval & { readonly weight: number })[]): Interval {
  const share = parts.reduce((sum, part) => sum + part.weight * part.share, 0)
  const below = Math.hypot(...parts.map((part) => part.weight * (part.share - part.low)))
  const above = Math.hypot(...parts.map((part) => part.weight * (part.high - part.share)))
  return { share, low: clamp(share - below), high: clamp(share + above) }
}
