import { describe, expect, test } from 'vitest'
import { latencyHistogram } from './latencies.ts'

describe('latencies as a histogram', () => {
  test('begin with the first bin that has a read and end with the last', () => {
    const { edgesMs, counts } = latencyHistogram({ '40': 7, '38': 2 })
    expect(counts).toEqual([2, 0, 7])
    expect(edgesMs).toHaveLength(4)
    expect(edgesMs[0]).toBeCloseTo(63.1, 2)
    expect(edgesMs[2]).toBeCloseTo(100, 6)
  })

  test('are ten bins a decade, from 0.01 ms on', () => {
    const { edgesMs } = latencyHistogram({ '0': 1, '69': 1 })
    expect(edgesMs).toHaveLength(71)
    expect([edgesMs[0], edgesMs[10], edgesMs[20]].map((edge) => edge?.toPrecision(6))).toEqual([
      '0.0100000',
      '0.100000',
      '1.00000',
    ])
  })

  test('of nothing have no bins', () => {
    expect(latencyHistogram({})).toEqual({ edgesMs: [], counts: [] })
  })
})
