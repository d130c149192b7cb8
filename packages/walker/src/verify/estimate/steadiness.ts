/** Blocks of equal length in time. */
const BLOCKS = 10
/** The chi-squared statistic of nine degrees of freedom passes this four times in 10,000 by chance. */
const LIMIT = 30
/** Fewer files than this have too few slow reads per block. */
const FEWEST = 200

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
  if (count < FEWEST || variance === 0) return true
  const sums = Array.from({ length: BLOCKS }, () => 0)
  const sizes = Array.from({ length: BLOCKS }, () => 0)
  for (const [at, value] of slow.entries()) {
    const block = Math.floor((at * BLOCKS) / count)
    sums[block] = (sums[block] ?? 0) + value
    sizes[block] = (sizes[block] ?? 0) + 1
  }
  const statistic = sums.reduce((total, sum, block) => {
    const size = sizes[block] ?? 1
    return total + (sum - size * mean) ** 2 / (size * variance)
  }, 0)
  return statistic <= LIMIT
}
