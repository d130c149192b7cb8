import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { coldShare } from './cold-share.ts'
import { byDirectory } from './directories.ts'
import type { Measured } from './measure.ts'
import { difference, effectiveDraws, histogram, quantile, scaleOf, wilson } from './statistics.ts'
import { seeded } from './testing/seeded.ts'
import { simulate } from './testing/simulated.ts'
import { isSteady, judge, judged, type Told, untold, warmOf, wholeOf } from './warmth.ts'

describe('intervals', () => {
  test('of none of a hundred are not empty, of none of none are everything', () => {
    expect(wilson(0, 100)).toMatchObject({ share: 0, low: 0 })
    expect(wilson(0, 100).high).toBeGreaterThan(0.03)
    expect(wilson(0, 0)).toEqual({ share: 0, low: 0, high: 1 })
  })

  test('close when all of a population was drawn', () => {
    const all = wilson(0.25 * effectiveDraws(400, 400), effectiveDraws(400, 400))
    expect(all.high - all.low).toBeLessThan(1e-6)
    expect(effectiveDraws(100, 200)).toBe(200)
  })

  test('of a difference are as wide as both', () => {
    const { share, low, high } = difference(wilson(50, 100), wilson(30, 100))
    expect(share).toBeCloseTo(0.2)
    expect([low < 0.06, high > 0.33]).toEqual([true, true])
  })
})

describe('the share of cold files', () => {
  const warm = Array.from({ length: 1_000 }, (_, at) => 1 + ((at * 7) % 100) / 500)
  const null_ = warm.map((ms) => ms - 0.5)
  const reads = { firstMs: warm, againMs: warm, floorMs: null_, failed: 0, population: 10_000 }

  test('is none where first reads are like second ones', () => {
    expect(coldShare(reads)).toMatchObject({ share: 0, low: 0 })
    expect(coldShare(reads)?.high).toBeLessThan(0.03)
  })

  test('is what is slow', () => {
    const cold = coldShare({ ...reads, firstMs: warm.map((ms, at) => (at % 10 === 0 ? ms + 20 : ms)) })
    expect(cold?.share).toBeCloseTo(0.1, 5)
    expect([(cold?.low ?? 1) < 0.1, (cold?.high ?? 0) > 0.1]).toEqual([true, true])
  })

  test('has bounds that are numbers, whatever was measured', () => {
    const from = fc.double({ min: 0, max: 4, noNaN: true })
    const shape = fc.record({ seed: fc.nat(), first: from, again: from, floor: from, wide: from, files: fc.nat(200) })
    fc.assert(
      fc.property(shape, fc.nat(3), fc.nat(99), ({ seed, first, again, floor, wide, files }, failed, more) => {
        const random = seeded(seed)
        const latencies = (fromMs: number, byMs: number) =>
          Array.from({ length: files }, () => fromMs + random() * byMs)
        const cold = coldShare({
          firstMs: latencies(first, 0.5),
          againMs: latencies(again, wide),
          floorMs: latencies(floor, 1),
          failed,
          population: files + failed + more,
        })
        if (cold === undefined) return
        const { low, share, high } = cold
        expect([low >= 0, low <= share, share <= high, high <= 1]).toEqual([true, true, true, true])
      }),
      { numRuns: 2_000, seed: 1 },
    )
  })

  test('can not be told where reading a file again takes longer than the first time', () => {
    const firstMs = warm.map((ms) => ms / 2)
    const againMs = warm.map((ms, at) => 2.65 * ms + (at % 40) / 11)
    const floorMs = againMs.map((ms) => ms / 1.2)
    const files = warm.map((_, at) => ({ path: `/f${at}` }))
    const measured = { name: 'a', firstMs, againMs, floorMs, files, failures: [], gone: 0 }
    const { conclusive, share, doubt } = judge(measured, { population: 1_000, scale: scaleOf(firstMs, againMs) })
    expect([conclusive, share]).toEqual([false, null])
    expect(doubt).toMatch(/^reading a file that has just been read takes .* ms, reading it for the first time .* ms/)
  })

  test('counts files that could not be read', () => {
    expect(coldShare({ ...reads, failed: 1_000 })?.low).toBeGreaterThan(0.45)
    expect(coldShare({ ...reads, failed: 1_000 })?.high).toBeLessThan(0.6)
  })

  test('is between none and all of the slow reads where re-reads are held up as often, and NULL calls are not', () => {
    const heldUp = (start: number) => warm.map((ms, at) => ((at + start) % 10 === 0 ? ms + 50 : ms))
    const cold = coldShare({ ...reads, firstMs: heldUp(0), againMs: heldUp(5) })
    expect(cold?.low).toBe(0)
    expect(cold?.high).toBeGreaterThan(0.1)
  })

  test('is none where NULL calls are held up as well', () => {
    const heldUp = (start: number) => (ms: number, at: number) => ((at + start) % 10 === 0 ? ms + 50 : ms)
    const cold = coldShare({
      ...reads,
      firstMs: warm.map(heldUp(0)),
      againMs: warm.map(heldUp(5)),
      floorMs: null_.map(heldUp(3)),
    })
    expect(cold).toMatchObject({ share: 0, low: 0 })
    expect(cold?.high).toBeLessThan(0.1)
  })

  test('does not count where one eighth of the measurement, at any place in it, holds all of it', () => {
    for (const from of [0, 470, 875]) {
      const firstMs = warm.map((ms, at) => (at >= from && at < from + 60 ? ms + 50 : ms))
      expect(coldShare({ ...reads, firstMs })).toMatchObject({ share: expect.closeTo(0.06, 5), low: 0 })
    }
  })

  test('is between what is far and all that is slow, where slow first reads lie at two levels', () => {
    const levels = (near: number, far: number) =>
      coldShare({ ...reads, firstMs: warm.map((ms, at) => ms + (at % 5 === 0 ? near : at % 5 === 1 ? far : 0)) })
    const disk = levels(5, 80)
    expect([(disk?.low ?? 1) < 0.2, (disk?.high ?? 0) > 0.4]).toEqual([true, true])
    // No disk takes 40 ms; and one level alone is taken for what is cold.
    expect(levels(40, 200)?.low).toBeGreaterThan(0.33)
    expect(levels(5, 5)?.low).toBeGreaterThan(0.33)
  })

  test('does not take for a second level what is held up alike of all calls', () => {
    const heldUp = (start: number) => (ms: number, at: number) => ((at + start) % 25 === 0 ? ms + 80 : ms)
    const cold = coldShare({
      ...reads,
      firstMs: warm.map((ms, at) => heldUp(0)(at % 2 === 0 ? ms + 5 : ms, at)),
      againMs: warm.map(heldUp(8)),
      floorMs: null_.map(heldUp(16)),
    })
    expect(cold?.low).toBeGreaterThan(0.4)
  })

  test('has no line where half of the controls are slow', () => {
    const half = warm.map((ms, at) => (at % 2 === 0 ? ms + 50 : ms))
    expect(coldShare({ ...reads, againMs: half })).toBeUndefined()
    expect(coldShare({ ...reads, floorMs: half })).toBeUndefined()
    expect(coldShare({ ...reads, firstMs: [], againMs: [], floorMs: [] })).toBeUndefined()
  })

  test('has room for cold reads that are faster than the line, where slow reads begin at it', () => {
    const apart = coldShare({ ...reads, firstMs: warm.map((ms) => ms + 40) })
    expect((apart?.high ?? 0) - (apart?.low ?? 0)).toBeLessThan(0.02)
    const touching = coldShare({ ...reads, firstMs: warm.map((_, at) => 1 + at / 200) })
    expect((touching?.high ?? 0) - (touching?.low ?? 0)).toBeGreaterThan(0.3)
  })
})

describe('a verdict', () => {
  const told: Told = { conclusive: true, share: 0.9, low: 0.8, high: 1 }

  test('of the whole is the mean of the addresses, and untold as soon as one of them is', () => {
    expect(wholeOf([told, { ...told, share: 0.7, low: 0.6, high: 0.8 }])).toMatchObject({
      share: expect.closeTo(0.8),
      low: expect.closeTo(0.7),
      high: expect.closeTo(0.9),
    })
    expect(wholeOf([told, untold])).toEqual({ conclusive: false, share: null, low: null, high: null })
    expect(wholeOf([untold, told])).toBe(untold)
    expect(wholeOf([])).toBe(untold)
  })

  test('on what is warm turns the bounds of what is cold round', () => {
    expect(warmOf({ share: 0.25, low: 0, high: 0.5 })).toEqual({ conclusive: true, share: 0.75, low: 0.5, high: 1 })
  })
})

describe('an address can not be told, and has no share', () => {
  const scale = scaleOf([])
  const files = Array.from({ length: 1_000 }, (_, at) => ({ path: `/d${at % 2}/f${at}` }))
  const around = (ms: number) => files.map((_, at) => ms + ((at * 7) % 100) / 500)
  const measured: Measured = {
    name: 'a',
    floorMs: around(0.5),
    firstMs: around(0.8),
    againMs: around(0.8),
    files,
    failures: [],
    gone: 0,
  }
  const of = (more: Partial<Measured>, options = {}) =>
    judge({ ...measured, ...more }, { population: 10_000, scale, ...options })
  const cannotTell = (doubt: string) => ({ ...untold, doubt: expect.stringContaining(doubt) })

  test('unless all is as it should be', () => {
    expect(of({})).toMatchObject({ conclusive: true, share: 1, high: 1, doubt: undefined })
  })

  test.each<[string, Partial<Measured>, object, string]>([
    [
      'nothing was read',
      { floorMs: [], firstMs: [], againMs: [], files: [] },
      {},
      'no file of the sample could be read',
    ],
    // Four times the floor, and first reads alike: a cache that is bypassed.
    ['re-reads take four times a NULL call', { firstMs: around(2.6), againMs: around(2.6) }, {}, 'nothing shows'],
    ['re-reads take 3 ms more than a NULL call', { firstMs: around(3.5), againMs: around(3.5) }, {}, 'nothing shows'],
    ['half of the re-reads are held up', { againMs: around(0.8).map((ms, at) => ms + (at % 2) * 50) }, {}, 'held up'],
    ['slow reads begin where fast ones end', { firstMs: files.map((_, at) => 0.8 + at / 100) }, {}, 'cold from warm'],
    [
      'slow reads come in the first tenth only',
      { firstMs: around(0.8).map((ms, at) => (at < 100 ? ms + 50 : ms)) },
      {},
      'changed during the measurement',
    ],
    ['the warm-up was as fast', {}, { coldMs: 0.9 }, "the warm-up's own reads took 0.90 ms"],
    [
      'ten files were read',
      {
        floorMs: around(0.5).slice(0, 10),
        firstMs: around(0.8).slice(0, 10),
        againMs: around(0.8).slice(0, 10),
        files: files.slice(0, 10),
      },
      {},
      'a sample of 10',
    ],
  ])('where %s', (_, more, options, doubt) => {
    expect(of(more, options)).toMatchObject(cannotTell(doubt))
    const { lines } = judged({ ...measured, ...more }, { population: 10_000, scale, ...options })
    expect(lines).toBeUndefined()
  })

  test('but what is ten times as fast as known cold reads may be the cache, from its disk', () => {
    const nearer = { firstMs: around(0.8).map((ms, at) => (at % 2 === 0 ? ms + 5 : ms)) }
    expect(of(nearer)).toMatchObject({ conclusive: true, share: 0.5 })
    const coldReads = histogram(around(60), scaleOf([60]))
    expect(of(nearer, { coldReads })).toMatchObject(cannotTell('cold from warm'))
  })

  test('but large heads may take their time to transfer', () => {
    const slow = { firstMs: around(9), againMs: around(9) }
    expect(of(slow).conclusive).toBe(false)
    expect(of(slow, { headBytes: 1_048_576 }).conclusive).toBe(true)
  })

  test('and no directory of it can', () => {
    const { lines } = judged(measured, { population: 10_000, scale })
    const told = byDirectory('/', [{ measured, lines }])
    expect(told.directories).toMatchObject([
      { path: '/d0', sampled: 500, conclusive: true, high: 1 },
      { path: '/d1', sampled: 500, conclusive: true, high: 1 },
    ])
    // One address that can be told does not speak for the other.
    const { directories, tooFew } = byDirectory('/', [
      { measured, lines },
      { measured, lines: undefined },
    ])
    expect(directories).toEqual([
      { path: '/d0', sampled: 1_000, ...untold },
      { path: '/d1', sampled: 1_000, ...untold },
    ])
    expect(tooFew).toBe(0)
  })
})

test('directories tell which of them is cold', () => {
  const { measured } = simulate(1, {
    files: 4_000,
    sample: 2_000,
    warmShare: 1,
    floorMs: 0.5,
    coldMs: 40,
    scatter: 0.3,
    hiccups: 0.02,
    kind: 'uniform',
  })
  const [all] = measured
  if (all === undefined) throw new Error('no address')
  const one = { ...all, firstMs: all.firstMs.map((ms, at) => (all.files[at]?.path.startsWith('/d3/') ? ms + 40 : ms)) }
  const { lines, warmth } = judged(one, { population: 4_000, scale: scaleOf([]) })
  expect(warmth.conclusive).toBe(true)
  const { directories } = byDirectory('/', [{ measured: one, lines }])
  expect(directories).toHaveLength(7)
  expect(directories[0]).toMatchObject({ path: '/d3', conclusive: true, share: 0 })
  for (const { low } of directories.slice(1)) expect(low).toBeGreaterThan(0.85)
})

test('a directory whose own bounds are far apart can not be told, though the address can', () => {
  const files = Array.from({ length: 1_000 }, (_, at) => ({ path: `/d${at % 10 === 0 ? 0 : 1}/f${at}` }))
  // Of d0 four first reads in ten are slow, and as many re-reads of other files; NULL calls are not.
  const heldUp = (first: number) =>
    files.map((_, at) => (at % 10 === 0 && (at / 10 + first) % 5 < 2 ? 50 : 0.8 + ((at * 7) % 100) / 500))
  const floorMs = files.map(() => 0.5)
  const of = { name: 'a', floorMs, firstMs: heldUp(0), againMs: heldUp(3), files, failures: [], gone: 0 }
  const { lines, warmth } = judged(of, { population: 10_000, scale: scaleOf([]) })
  expect(warmth.conclusive).toBe(true)
  const { directories } = byDirectory('/', [{ measured: of, lines }])
  expect(directories).toMatchObject([
    { path: '/d1', sampled: 900, conclusive: true },
    { path: '/d0', sampled: 100, ...untold },
  ])
})

test('a share that changes with time is not steady, one that does not is, at any size', () => {
  const again = Array.from({ length: 1_000 }, () => 1)
  const slowWhere = (is: (at: number) => boolean) => again.map((_, at) => (is(at) ? 50 : 1))
  expect(
    isSteady(
      slowWhere((at) => at % 3 === 0),
      again,
      5,
    ),
  ).toBe(true)
  expect(
    isSteady(
      slowWhere((at) => at % 100 === 0),
      again,
      5,
    ),
  ).toBe(true)
  expect(
    isSteady(
      slowWhere(() => true),
      again,
      5,
    ),
  ).toBe(true)
  expect(
    isSteady(
      slowWhere((at) => at < 30),
      again,
      5,
    ),
  ).toBe(false)
  expect(
    isSteady(
      slowWhere((at) => at > 500 && at % 3 === 0),
      again,
      5,
    ),
  ).toBe(false)
})

test('quantiles and histograms hold every value', () => {
  const values = [0.1, 1, 1, 5, 100]
  expect([quantile(values, 0.5), quantile(values, 1), quantile([], 0.5)]).toEqual([1, 100, undefined])
  const { counts, edgesMs } = histogram(values, scaleOf(values))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5)
  expect(edgesMs).toHaveLength(counts.length + 1)
  expect(histogram([], scaleOf([])).counts.every((count) => count === 0)).toBe(true)
})
