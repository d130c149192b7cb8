import type { Reads } from './cold-share.ts'
import { countAbove } from './latencies.ts'

/** A read from a busy hard disk of the cache takes at most this much longer than a re-read, in milliseconds. */
const SLOWEST_DISK_MS = 20
/** Places on the logarithmic scale lie this factor apart; a level is `WIDTH` of them wide: its slow end takes half as long again. */
const [STEP, WIDTH] = [1.15, 3]

/**
 * How much slower than `slowMs` reads from a disk of the cache may be, in milliseconds; 0 where no disk shows. It shows where
 * slow first reads lie at two levels with a gap between them, the lower at most `SLOWEST_DISK_MS` slower. The lower may as well be
 * an origin that is nearer than another: latency can't tell. Calls that are held up make a level of their own, so the upper has to
 * hold more first reads than controls that are as slow.
 */
export function diskAbove({ firstMs, againMs, floorMs }: Reads, slowMs: number): number {
  const slow = firstMs.filter((ms) => ms > slowMs)
  if (slow.length === 0 || slowMs <= 0) return 0
  const slowest = slow.reduce((most, ms) => Math.max(most, ms), 0)
  const places = Math.ceil(Math.log(slowest / slowMs) / Math.log(STEP)) + 1
  const levels = levelsFrom(slow, slowMs, places)
  const heldUp = (byMs: number): number =>
    Math.max(...[againMs, floorMs].map((all) => (countAbove(all, byMs) / all.length) * firstMs.length))
  let [end, fewest] = [slowMs, Number.POSITIVE_INFINITY]
  for (let at = WIDTH; at < places && slowMs * (STEP ** at - 1) <= SLOWEST_DISK_MS; at++) {
    const between = levels[at] ?? 0
    const lower = Math.max(...levels.slice(0, at - WIDTH + 1))
    const upper = Math.max(0, ...levels.slice(at + WIDTH))
    const [startMs, endMs] = [slowMs * STEP ** at, slowMs * STEP ** (at + WIDTH)]
    if (between >= fewest || !isMore(lower, between) || !isMore(upper, between + heldUp(endMs - startMs))) continue
    ;[end, fewest] = [endMs, between]
  }
  return end - slowMs
}

/** By two standard deviations of what is counted. */
const isMore = (more: number, fewer: number): boolean => more - fewer > 2 * Math.sqrt(more + fewer)

/** How many lie within the level that begins at each place. */
function levelsFrom(values: readonly number[], fromMs: number, places: number): number[] {
  const above = Array.from({ length: places + WIDTH }, (_, at) => countAbove(values, fromMs * STEP ** at))
  return Array.from({ length: places }, (_, at) => (above[at] ?? 0) - (above[at + WIDTH] ?? 0))
}
