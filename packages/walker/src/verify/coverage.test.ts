import { describe, expect, test } from 'vitest'
import type { SimulatedCache } from './testing/simulated.ts'
import { trialsOf } from './testing/trials.ts'

/** A part of the grid of `scripts/grid.ts`, small enough to run always. */
const trials = 100
const near: SimulatedCache = { files: 2_000, sample: 400, warmShare: 0.5, floorMs: 0.5, coldMs: 40, scatter: 0.3 }

type Case = [string, Partial<SimulatedCache>, number?]

/** Of the trials that could tell, the share whose interval missed the truth. */
function wrong(cache: Partial<SimulatedCache>): number {
  const of = trialsOf(trials, 1, { ...near, sample: 300, ...cache })
  return of.wrong / Math.max(1, of.conclusive)
}

describe('where cold reads stand out it can tell, and at least 93 of 100 intervals hold the true share', () => {
  test.each<Case>([
    ['half of it evicted', {}],
    ['a tenth evicted', { warmShare: 0.9 }],
    ['one in a thousand evicted', { warmShare: 0.999, files: 10_000 }],
    ['all of it warm', { warmShare: 1 }],
    ['nothing warm', { warmShare: 0 }],
    ['cold reads of five times the floor', { floorMs: 1, coldMs: 5, warmShare: 0.75 }],
    ['no scatter at all', { floorMs: 1, coldMs: 5, scatter: 0 }],
    ['three addresses', { warmShare: 0.9 }, 3],
    ['a network that holds up one call in 50', { hiccups: 0.02, warmShare: 0.9 }],
    ['a network that holds calls up for minutes', { hiccups: 0.04, kind: 'heavy', warmShare: 0.25 }],
    ['a network that stalls for a while', { hiccups: 0.04, kind: 'bursts', warmShare: 0.5 }],
    ['a tree hardly larger than the sample', { files: 420, warmShare: 0.75 }],
    ['a near and a far origin', { coldMs: 40, farMs: 200, warmShare: 0.5 }],
    ['a filer as far behind the cache as the cache is away', { floorMs: 40, scatter: 0.02, warmShare: 0.9 }],
  ])('%s', (_, cache, addresses) => {
    const { conclusive, wrong: missed } = trialsOf(trials, 1, { ...near, ...cache }, addresses)
    expect(conclusive).toBeGreaterThanOrEqual(99)
    expect(missed).toBeLessThanOrEqual(7)
  })
})

describe('under any disturbance it may be unable to tell, but of 100 verdicts at most 7 are wrong', () => {
  test.each<Case>([
    ['one call in nine held up, nothing warm', { hiccups: 0.11, warmShare: 0 }],
    ['one call in nine held up, a tenth cold', { hiccups: 0.11, warmShare: 0.9 }],
    ['one re-read in nine held up, a tenth cold', { hiccups: 0.11, kind: 're-reads', warmShare: 0.9 }],
    ['three re-reads in ten held up, a quarter cold', { hiccups: 0.3, kind: 're-reads', warmShare: 0.75 }],
    ['one read in five held up, half cold', { hiccups: 0.2, kind: 'reads' }],
    ['half of all calls held up', { hiccups: 0.5, kind: 'uniform', warmShare: 0.75 }],
    ['stalls a third of the time', { hiccups: 0.3, kind: 'bursts', warmShare: 0.25 }],
    ['cold reads that scatter widely around 10 ms', { scatter: 0.8, coldMs: 10, floorMs: 1 }],
    ['cold reads that scatter very widely', { scatter: 1.5, coldMs: 20, floorMs: 1, warmShare: 0.1 }],
    ['cold reads that scatter widely, calls held up', { scatter: 0.8, coldMs: 5, hiccups: 0.5, floorMs: 1 }],
    ['half of what is warm on a disk of the cache, 1 ms slower', { diskMs: 1 }],
    ['the same, 2 ms slower and scattered', { diskMs: 2, scatter: 0.8, warmShare: 0.9 }],
    ['half of what is warm on a disk of the cache, 4 ms slower', { diskMs: 4, scatter: 0.1, warmShare: 0.75 }],
    ['the same, 8 ms slower and scattered, a quarter warm', { diskMs: 8, warmShare: 0.25 }],
    ['an origin 5 ms away, and another 200', { coldMs: 5, farMs: 200 }],
    ['an origin 1 ms away, nothing warm', { coldMs: 1, warmShare: 0 }],
    ['an origin 1 ms away, a tenth cold', { coldMs: 1, warmShare: 0.9 }],
    ['half of the cold files 2 ms away, the others 100', { coldMs: 2, farMs: 100, warmShare: 0.25 }],
    ['a cache that keeps nothing', { keeps: 'never', warmShare: 0 }],
    ['a cache that keeps a part and no more, however often it is read', { keeps: 'never', warmShare: 0.9 }],
    ['first reads that are slow in the first tenth', { kind: 'start', hiccups: 0.4, warmShare: 1 }],
    ['the same of many files, half cold', { kind: 'start', hiccups: 0.2, sample: 1_000, files: 4_000 }],
    [
      'the same of many files, a tenth warm',
      { kind: 'start', hiccups: 0.5, warmShare: 0.1, sample: 1_000, files: 4_000 },
    ],
    ['a floor that grows to four times', { drift: 4, coldMs: 10, warmShare: 0.75 }],
    ['an origin hardly further than the scatter of re-reads', { coldMs: 0.8, warmShare: 0.9 }],
    ['a floor as high as what cold reads take more', { floorMs: 5, coldMs: 5, warmShare: 0.9 }],
  ])('%s', (_, cache) => {
    expect(wrong(cache)).toBeLessThanOrEqual(0.07)
  })
})

test.each<[string, Partial<SimulatedCache>]>([
  ['keeps nothing', { keeps: 'never', warmShare: 0 }],
  ['keeps nothing, behind 40 ms', { keeps: 'never', warmShare: 0, floorMs: 40, coldMs: 20, scatter: 0.05 }],
  ['has an origin 1 ms away, and nothing of it', { coldMs: 1, warmShare: 0 }],
])('a cache that %s is never called warm', (_, cache) => {
  expect(trialsOf(trials, 1, { ...near, ...cache }).conclusive).toBe(0)
})
