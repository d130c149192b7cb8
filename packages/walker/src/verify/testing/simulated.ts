import type { Measured } from '../measure.ts'
import { seeded } from './seeded.ts'

/** What holds calls up, each with a share of its own. */
type Hiccups =
  /** Each call alike, as long as a cold read takes. */
  | 'cold'
  /** Each call alike, with a heavy tail: 50 ms to minutes. */
  | 'heavy'
  /** Each call alike, 10 to 300 ms. */
  | 'uniform'
  /** Stalls of the network that last for some 30 calls. */
  | 'bursts'
  /** Reads alone, first and again: a busy disk of the cache. */
  | 'reads'
  /** Re-reads alone: no other call shows them. */
  | 're-reads'
  /** First reads alone, at the start: a cache or a program that is slow to start. */
  | 'start'

/** A cache of latencies alone. Times are in milliseconds. */
export interface SimulatedCache {
  /** Files of the tree. */
  readonly files: number
  /** Files read per address. */
  readonly sample: number
  /** Share of the files that the cache holds. */
  readonly warmShare: number
  /** Median of a call that reads nothing. */
  readonly floorMs: number
  /** What a read from behind the cache takes more, at the median. */
  readonly coldMs: number
  /** How much latencies scatter: the sigma of a log-normal distribution. */
  readonly scatter: number
  /** Share of calls that are held up. Default 0. */
  readonly hiccups?: number
  /** Default `cold`. */
  readonly kind?: Hiccups
  /** Half of the warm files lie on a disk of the cache, which takes this much longer. Default 0. */
  readonly diskMs?: number
  /** Half of the cold files lie further away: what they take more, at the median. Default: `coldMs`. */
  readonly farMs?: number
  /** The floor grows by this factor during the measurement. Default 1. */
  readonly drift?: number
  /** What is not held: kept once read, or not even then. Default `first`. */
  readonly keeps?: 'first' | 'never'
}

/** The true share of one simulated tree, and what was measured of it through each address. */
export interface Simulated {
  readonly truth: number
  readonly measured: readonly Measured[]
}

/** Draws a tree and measures it: each address holds the same files, and is asked for files of its own. */
export function simulate(seed: number, cache: SimulatedCache, addresses = 1): Simulated {
  const random = seeded(seed)
  const held = Array.from({ length: cache.files }, () => random() < cache.warmShare)
  const order = shuffled(cache.files, random)
  const measured = Array.from({ length: addresses }, (_, at) => {
    const drawn = order.slice(at * cache.sample, (at + 1) * cache.sample)
    return measureSimulated(drawn, held, cache, random)
  })
  return { truth: held.filter(Boolean).length / cache.files, measured }
}

function measureSimulated(
  drawn: readonly number[],
  held: readonly boolean[],
  cache: SimulatedCache,
  random: () => number,
): Measured {
  const { floorMs, coldMs, scatter, diskMs = 0, farMs = coldMs, drift = 1, keeps = 'first' } = cache
  const scattered = (ms: number): number => (scatter === 0 ? ms : ms * Math.exp(scatter * normal(random)))
  const delay = holdUp(cache, random, scattered)
  const behind = (file: number): number => scattered(file % 2 === 0 ? coldMs : farMs)
  const latencies = drawn.map((file, at) => {
    const progress = at / drawn.length
    const floor = floorMs * drift ** progress
    const isWarm = held[file] === true
    const read = (): number => scattered(floor) + floor / 4
    const first = isWarm ? (file % 4 < 2 ? scattered(diskMs) : 0) : behind(file)
    const again = isWarm || keeps === 'first' ? 0 : behind(file)
    return {
      floorMs: scattered(floor) + delay('floor', progress),
      firstMs: read() + first + delay('first', progress),
      againMs: read() + again + delay('again', progress),
    }
  })
  return {
    name: 'simulated',
    floorMs: latencies.map((one) => one.floorMs),
    firstMs: latencies.map((one) => one.firstMs),
    againMs: latencies.map((one) => one.againMs),
    files: drawn.map((file) => ({ path: `/d${file % 7}/f${file}` })),
    failures: [],
    gone: 0,
  }
}

type Call = 'floor' | 'first' | 'again'

/** How long a call is held up, drawn anew for each. */
function holdUp(
  { hiccups = 0, kind = 'cold', coldMs }: SimulatedCache,
  random: () => number,
  scattered: (ms: number) => number,
): (call: Call, progress: number) => number {
  const uniform = (): number => 10 + random() * 290
  const often = (): boolean => random() < hiccups
  let isStalled = false
  const leave = 1 / 30
  const enter = hiccups >= 1 ? 1 : (leave * hiccups) / (1 - hiccups)
  const kinds: Record<Hiccups, (call: Call, progress: number) => number> = {
    cold: () => (often() ? scattered(coldMs) : 0),
    heavy: () => (often() ? 50 * (1 - random()) ** -1.2 : 0),
    uniform: () => (often() ? uniform() : 0),
    bursts: () => {
      isStalled = random() < (isStalled ? 1 - leave : enter)
      return isStalled ? uniform() : 0
    },
    reads: (call) => (call !== 'floor' && often() ? uniform() : 0),
    're-reads': (call) => (call === 'again' && often() ? uniform() : 0),
    start: (call, progress) => (call === 'first' && progress < hiccups / 4 ? uniform() : 0),
  }
  return kinds[kind]
}

const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

function shuffled(count: number, random: () => number): number[] {
  const order = Array.from({ length: count }, (_, at) => at)
  for (let last = count - 1; last > 0; last--) {
    const at = Math.floor(random() * (last + 1))
    const other = order[at] ?? 0
    order[at] = order[last] ?? 0
    order[last] = other
  }
  return order
}
