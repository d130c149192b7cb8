import { describe, expect, test } from 'vitest'
import { scaleOf } from './estimate/latencies.ts'
import { type AddressWarmth, judge } from './estimate/warmth.ts'
import { measure } from './measure/measure.ts'
import { Reservoir } from './sample/reservoir.ts'
import { seeded } from './testing/seeded.ts'
import { type SimulatedCacheOptions, simulatedCache } from './testing/simulated-cache.ts'

/** The default sample, and one for the rehearsal. */
const sample = 3_501
const trials = 100

type Cache = Omit<SimulatedCacheOptions, 'random'>

async function trial(seed: number, cache: Cache): Promise<{ truth: number; warmth: AddressWarmth }> {
  const random = seeded(seed)
  const { files, truth, prober } = simulatedCache({ ...cache, random })
  const reservoir = new Reservoir<(typeof files)[number]>(sample, random)
  for (const file of files) reservoir.offer(() => file)
  const measured = await measure(prober, reservoir.shuffled(), { signal: new AbortController().signal })
  const scale = scaleOf(measured.firstMs, measured.againMs, measured.floorMs)
  return { truth, warmth: judge(measured, { population: files.length, scale }) }
}

const near: Cache = { files: 10_000, warmShare: 0.5, floorMs: 0.5, coldMs: 40, scatter: 0.3 }

/** In how many of the trials the truth lay inside, and how wide the widest interval was to one side. */
async function trialsOf(cache: Cache): Promise<{ inside: number; widest: number }> {
  let inside = 0
  let widest = 0
  for (let seed = 1; seed <= trials; seed++) {
    const { truth, warmth } = await trial(seed, cache)
    if (warmth.low <= truth && truth <= warmth.high) inside++
    widest = Math.max(widest, warmth.share - warmth.low, warmth.high - warmth.share)
  }
  return { inside, widest }
}

describe('the true share lies inside the 95 % interval in at least 93 of 100 seeded trials, the interval within 2 points', () => {
  test.each<[string, Partial<Cache>]>([
    ['half of it evicted', {}],
    ['a tenth evicted', { warmShare: 0.9 }],
    ['a hundredth evicted', { warmShare: 0.99 }],
    ['one in a thousand evicted', { warmShare: 0.999 }],
    ['all of it warm', { warmShare: 1 }],
    ['nothing warm', { warmShare: 0 }],
    ['a filer only 3 ms away', { coldMs: 3, warmShare: 0.8 }],
    ['an address 40 ms away, the filer 40 ms behind it', { floorMs: 40, scatter: 0.05, warmShare: 0.95 }],
    ['a network that holds up one call in 200', { hiccups: 0.005, warmShare: 0.9 }],
    ['a network that holds up one call in 100', { hiccups: 0.01, warmShare: 0.9 }],
    ['a network that holds up one call in 30', { hiccups: 0.033, warmShare: 0.9 }],
    ['a tree hardly larger than the sample', { files: 3_800, warmShare: 0.7 }],
    ['a large tree', { files: 25_000, warmShare: 0.6 }],
  ])('%s', { timeout: 120_000 }, async (_, cache) => {
    const { inside, widest } = await trialsOf({ ...near, ...cache })
    expect(inside).toBeGreaterThanOrEqual(93)
    expect(widest).toBeLessThanOrEqual(0.02)
  })
})
