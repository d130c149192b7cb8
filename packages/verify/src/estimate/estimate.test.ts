import { describe, expect, test } from 'vitest'
import { coldShare } from './cold-share.ts'
import { difference, effectiveDraws, weightedMean, wilson } from './interval.ts'
import { histogram, quantile, scaleOf } from './latencies.ts'

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

  test('of a mean of two are narrower than each', () => {
    const one = wilson(50, 100)
    const mean = weightedMean([
      { ...one, weight: 0.5 },
      { ...one, weight: 0.5 },
    ])
    expect(mean.share).toBe(0.5)
    expect(mean.high).toBeLessThan(one.high)
  })
})

describe('the share of cold files', () => {
  const warm = Array.from({ length: 1_000 }, (_, at) => 1 + (at % 100) / 500)

  test('is none where first reads are like second ones', () => {
    expect(coldShare({ firstMs: warm, againMs: warm, failed: 0, population: 10_000 })).toMatchObject({
      share: 0,
      low: 0,
      blurred: false,
    })
  })

  test('is what is slow', () => {
    const firstMs = warm.map((ms, at) => (at % 10 === 0 ? ms + 20 : ms))
    const cold = coldShare({ firstMs, againMs: warm, failed: 0, population: 10_000 })
    expect(cold.share).toBeCloseTo(0.1, 5)
    expect(cold.slow).toBe(100)
  })

  test('takes failures for cold', () => {
    const cold = coldShare({ firstMs: [], againMs: [], failed: 10, population: 100 })
    expect(cold).toMatchObject({ share: 1, slow: 10 })
  })

  test('is blurred where cold reads begin at the line', () => {
    const firstMs = warm.map((_, at) => 1.2 + at / 1_000)
    expect(coldShare({ firstMs, againMs: warm, failed: 0, population: 10_000 }).blurred).toBe(true)
  })
})

test('quantiles and histograms hold every value', () => {
  const values = [0.1, 1, 1, 5, 100]
  expect([quantile(values, 0.5), quantile(values, 1), quantile([], 0.5)]).toEqual([1, 100, undefined])
  const { counts, edgesMs } = histogram(values, scaleOf(values))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5)
  expect(edgesMs).toHaveLength(counts.length + 1)
  expect(histogram([], scaleOf([])).counts.every((count) => count === 0)).toBe(true)
})
