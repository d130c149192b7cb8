import type { Prober, SampledFile } from '../measure/prober.ts'

export interface SimulatedCacheOptions {
  readonly random: () => number
  /** Files of the tree. */
  readonly files: number
  /** Share of them that the cache holds: the others were evicted, or never read. */
  readonly warmShare: number
  /** Median of a call that reads nothing, in milliseconds. */
  readonly floorMs: number
  /** What a read from behind the cache takes more, at the median. */
  readonly coldMs: number
  /** How much latencies scatter: the sigma of a log-normal distribution. */
  readonly scatter: number
  /** Share of all calls that the network holds up, each as long as a cold read. Default 0. */
  readonly hiccups?: number
}

/** A cache of latencies alone: a delay in front of first reads, none in front of what has been read. */
export interface SimulatedCache {
  readonly files: readonly SampledFile[]
  /** The share that it really holds. */
  readonly truth: number
  readonly prober: Prober
}

export function simulatedCache(options: SimulatedCacheOptions): SimulatedCache {
  const { random, files: count, warmShare, floorMs, coldMs, scatter, hiccups = 0 } = options
  const files = Array.from({ length: count }, (_, at) => ({ path: `/d${at % 50}/f${at}` }))
  const held = new Set(files.filter(() => random() < warmShare).map(({ path }) => path))
  const truth = held.size / count
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const scattered = (ms: number): number => ms * Math.exp(scatter * normal())
  const call = (): number => scattered(floorMs) + (random() < hiccups ? scattered(coldMs) : 0)
  return {
    files,
    truth,
    prober: {
      name: 'simulated',
      floor: async () => call(),
      async read({ path }) {
        const ms = call() + floorMs / 4
        if (held.has(path)) return ms
        held.add(path)
        return ms + scattered(coldMs)
      },
    },
  }
}
