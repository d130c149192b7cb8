import { describe, expect, test } from 'vitest'
import { Timeline } from './view.ts'

const second = (at: number, p50Ms?: number, p99Ms?: number) => ({
  atMs: at * 1_000,
  files: at * 10,
  bytes: at * 100,
  addresses: [{ address: 'a', ...(p50Ms === undefined ? {} : { p50Ms }), ...(p99Ms === undefined ? {} : { p99Ms }) }],
})

describe('a timeline', () => {
  test('has every second of a short run', () => {
    const timeline = new Timeline()
    for (let at = 0; at < 5; at += 1) timeline.add(second(at, at, at * 2))
    expect(timeline.data()).toEqual({
      atMs: [0, 1_000, 2_000, 3_000, 4_000],
      files: [0, 10, 20, 30, 40],
      bytes: [0, 100, 200, 300, 400],
      latency: { a: { p50Ms: [0, 1, 2, 3, 4], p99Ms: [0, 2, 4, 6, 8] } },
    })
  })

  test('has the whole of a long run in a bounded number of points, the last sums among them', () => {
    const timeline = new Timeline(100)
    for (let at = 0; at < 100_000; at += 1) timeline.add(second(at))
    const { atMs, files } = timeline.data()
    expect(atMs.length).toBeGreaterThan(48)
    expect(atMs.length).toBeLessThanOrEqual(100)
    expect(files.at(-1)).toBe(999_990)
    expect(atMs.every((ms, at) => at === 0 || ms > (atMs[at - 1] ?? 0))).toBe(true)
  })

  test('keeps a short spell of high latency', () => {
    const timeline = new Timeline(10)
    for (let at = 0; at < 1_000; at += 1) timeline.add(second(at, 1, at === 500 ? 900 : 2))
    expect(Math.max(...(timeline.data().latency['a']?.p99Ms ?? []).map((ms) => ms ?? 0))).toBe(900)
  })

  test('has gaps where an address said nothing', () => {
    const timeline = new Timeline()
    timeline.add(second(0))
    timeline.add({ ...second(1), addresses: [{ address: 'b', p50Ms: 1.23456 }] })
    expect(timeline.data().latency).toEqual({
      a: { p50Ms: [null, null], p99Ms: [null, null] },
      b: { p50Ms: [null, 1.235], p99Ms: [null, null] },
    })
  })

  test('is not misled by samples that come more often than every second', () => {
    const timeline = new Timeline()
    for (let at = 0; at <= 2; at += 0.25) timeline.add(second(at))
    expect(timeline.data().files).toEqual([7.5, 17.5, 20])
  })
})
