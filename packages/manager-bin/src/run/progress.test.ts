import { type Beat, type Counts, emptyCounts } from '@cachewarmer/core'
import { aBeat, aResult } from '@cachewarmer/core/testing'
import { describe, expect, test } from 'vitest'
import { Expectation } from './expected.ts'
import { RunProgress } from './progress.ts'

const files = (count: number, bytes = 0): Counts => ({ ...emptyCounts(), files: count, bytes })
const totals = (counts: Counts = emptyCounts()) => ({ counts, announced: 1, done: 0 })
const beat = (count: number, given: Partial<Beat> = {}): Beat => aBeat({ counts: files(count, count * 10), ...given })

const begun = (): RunProgress => new RunProgress(0, 0, new Expectation({ paths: ['/'], through: 'each' }))
const wanting = (wanted: number, ceiling?: number) => ({ wanted, ceiling })

const filesShown = (progress: RunProgress, nowMs: number, counts?: Counts): number =>
  progress.snapshot(totals(counts), wanting(0), nowMs).counts.files

describe('what is shown of a run', () => {
  test("is the ledger's totals and, on top, what attempts under way have read", () => {
    const progress = begun()
    progress.beat(beat(5), 1_000)
    progress.beat(beat(7, { item: 'a.0', attempt: 'x', worker: 'worker-2' }), 1_000)
    expect(filesShown(progress, 1_000, files(100))).toBe(112)
    progress.beat(beat(6), 2_000)
    expect(filesShown(progress, 2_000, files(100))).toBe(113)
  })

  test('counts no item twice: a result takes the place of its beats', () => {
    const progress = begun()
    progress.beat(beat(5), 1_000)
    progress.accepted([aResult({ counts: files(8) })], 1_500)
    expect(filesShown(progress, 2_000, files(8))).toBe(8)
  })

  test('takes of two attempts at one item the one that is ahead', () => {
    const progress = begun()
    progress.beat(beat(9, { attempt: 'old' }), 1_000)
    progress.beat(beat(1, { attempt: 'new' }), 1_000)
    expect(filesShown(progress, 1_000)).toBe(9)
    progress.beat(beat(12, { attempt: 'new' }), 2_000)
    expect(filesShown(progress, 2_000)).toBe(12)
  })

  test('leaves out workers that have said nothing for a while, and shows at least those that are wanted', () => {
    const progress = begun()
    progress.beat(beat(5), 1_000)
    progress.beat(beat(5, { item: 'a.0', worker: 'worker-2' }), 10_000)
    expect(progress.snapshot(totals(), wanting(0), 16_000)).toMatchObject({ workers: 2, counts: { files: 10 } })
    expect(progress.snapshot(totals(), wanting(0), 16_001)).toMatchObject({ workers: 1, counts: { files: 5 } })
    expect(progress.snapshot(totals(), wanting(4), 16_001).workers).toBe(4)
  })

  test('has rates of the last seconds, which never fall below zero', () => {
    const progress = begun()
    const rate = (nowMs: number, count: number) =>
      progress.snapshot(totals(files(count, count * 10)), wanting(0), nowMs).ratesPerSecond
    expect(rate(0, 0)).toEqual({ files: 0, bytes: 0 })
    expect(rate(10_000, 50)).toEqual({ files: 5, bytes: 50 })
    expect(rate(20_000, 60)).toEqual({ files: 1, bytes: 10 })
    expect(rate(30_000, 40)).toEqual({ files: 0, bytes: 0 })
  })

  test('is what the ledger says alone once the run has ended', () => {
    const progress = begun()
    progress.beat(beat(5), 1_000)
    progress.end()
    expect(filesShown(progress, 1_000, files(100))).toBe(100)
    expect(progress.mounts()).toEqual([])
  })

  test('keeps what was last said of an address, with nothing in flight', () => {
    const mount = { address: 'cache-1', state: 'up' as const, inFlight: 3, limit: 10, p50Ms: 41 }
    const progress = begun()
    progress.beat(beat(5, { mounts: [mount] }), 1_000)
    expect(progress.mounts()).toEqual([mount])
    progress.end()
    expect(progress.mounts()).toEqual([{ ...mount, inFlight: 0 }])
  })

  test('adds up requests in flight, and calls an address down that any worker finds down', () => {
    const mount = { address: 'cache-1', state: 'up' as const, inFlight: 3, limit: 10 }
    const progress = begun()
    progress.beat(beat(1, { mounts: [mount] }), 0)
    progress.beat(beat(1, { item: 'a.0', mounts: [{ ...mount, state: 'down' }] }), 0)
    progress.beat(beat(1, { item: 'a.1', worker: 'worker-2', mounts: [mount] }), 0)
    // Two workers with a limit each, one of them with two items under its own.
    expect(progress.mounts()).toEqual([{ address: 'cache-1', state: 'down', inFlight: 9, limit: 20 }])
  })
})

test('long reads are those of each worker once, whose items share their limit', () => {
  const longReads = { inFlight: 2, limit: 4, p50Ms: 80, p99Ms: 100, floorMs: 40 }
  const mount = { address: 'cache-1', state: 'up' as const, inFlight: 3, limit: 10, longReads }
  const progress = begun()
  progress.beat(beat(1, { mounts: [mount] }), 0)
  progress.beat(beat(1, { item: 'a.0', mounts: [mount] }), 0)
  const other = { ...longReads, inFlight: 1, limit: 6, p50Ms: 90, floorMs: 30 }
  progress.beat(beat(1, { item: 'a.1', worker: 'worker-2', mounts: [{ ...mount, longReads: other }] }), 0)
  const together = { inFlight: 3, limit: 10, p50Ms: 90, p99Ms: 100, floorMs: 30 }
  expect(progress.mounts()).toEqual([{ address: 'cache-1', state: 'up', inFlight: 9, limit: 20, longReads: together }])
  progress.end()
  expect(progress.mounts()).toEqual([
    { address: 'cache-1', state: 'up', inFlight: 0, limit: 20, longReads: { ...together, inFlight: 0 } },
  ])
})

describe('a run', () => {
  test('moves when something more was read, not when a worker only speaks', () => {
    const progress = begun()
    progress.beat(beat(0), 1_000)
    expect([progress.lastSignAtMs, progress.lastMoveAtMs]).toEqual([1_000, 0])
    progress.beat(beat(3), 2_000)
    progress.beat(beat(3), 3_000)
    expect([progress.lastSignAtMs, progress.lastMoveAtMs]).toEqual([3_000, 2_000])
    progress.accepted([], 4_000)
    expect(progress.lastMoveAtMs).toBe(2_000)
    progress.accepted([aResult()], 5_000)
    expect([progress.lastSignAtMs, progress.lastMoveAtMs]).toEqual([5_000, 5_000])
  })
})
