import { type Counts, emptyCounts, type Heartbeat, type HeldAttempt } from '@cachewarmer/core'
import { aHeartbeat, aHeldAttempt, aResult } from '@cachewarmer/core/testing'
import { describe, expect, test } from 'vitest'
import { Expectation } from './expected.ts'
import { RunProgress } from './progress.ts'

const files = (count: number, bytes = 0): Counts => ({ ...emptyCounts(), files: count, bytes })
const totals = (counts: Counts = emptyCounts()) => ({ counts, announced: 1, done: 0 })

/** The heartbeat of a worker that holds one item. */
function beating(
  count: number,
  { worker, limits, ...held }: Partial<HeldAttempt> & Partial<Pick<Heartbeat, 'worker' | 'limits'>> = {},
): Heartbeat {
  const attempt = aHeldAttempt({ counts: files(count, count * 10), bytesArrived: count * 10, ...held })
  return aHeartbeat({ attempts: [attempt], ...(worker ? { worker } : {}), ...(limits ? { limits } : {}) })
}

const begun = (): RunProgress => new RunProgress(0, 0, new Expectation({ paths: ['/'], through: 'each' }))
const wanting = (wanted: number, ceiling?: number) => ({ wanted, ceiling })

const filesShown = (progress: RunProgress, nowMs: number, counts?: Counts): number =>
  progress.snapshot(totals(counts), wanting(0), nowMs).counts.files

describe('what is shown of a run', () => {
  test("is the ledger's totals and, on top, what attempts under way have read", () => {
    const progress = begun()
    progress.heartbeat(beating(5), 1_000)
    progress.heartbeat(beating(7, { item: 'a.0', attempt: 'x', worker: 'worker-2' }), 1_000)
    expect(filesShown(progress, 1_000, files(100))).toBe(112)
    progress.heartbeat(beating(6), 2_000)
    expect(filesShown(progress, 2_000, files(100))).toBe(113)
  })

  test('counts no item twice: a result takes the place of its heartbeats', () => {
    const progress = begun()
    progress.heartbeat(beating(5), 1_000)
    progress.accepted([aResult({ counts: files(8) })], 1_500)
    expect(filesShown(progress, 2_000, files(8))).toBe(8)
  })

  test('takes of two attempts at one item the one that is ahead', () => {
    const progress = begun()
    progress.heartbeat(beating(9, { attempt: 'old' }), 1_000)
    progress.heartbeat(beating(1, { attempt: 'new' }), 1_000)
    expect(filesShown(progress, 1_000)).toBe(9)
    progress.heartbeat(beating(12, { attempt: 'new' }), 2_000)
    expect(filesShown(progress, 2_000)).toBe(12)
  })

  test('leaves out workers that have said nothing for a while, and shows at least those that are wanted', () => {
    const progress = begun()
    progress.heartbeat(beating(5), 1_000)
    progress.heartbeat(beating(5, { item: 'a.0', worker: 'worker-2' }), 10_000)
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
    progress.heartbeat(beating(5), 1_000)
    progress.end()
    expect(filesShown(progress, 1_000, files(100))).toBe(100)
    expect(progress.mounts()).toEqual([])
  })

  test('keeps what was last said of an address, with nothing in flight', () => {
    const mount = { address: 'cache-1', state: 'up' as const, inFlight: 3, limit: 10, p50Ms: 41 }
    const progress = begun()
    progress.heartbeat(beating(5, { limits: [mount] }), 1_000)
    expect(progress.mounts()).toEqual([mount])
    progress.end()
    expect(progress.mounts()).toEqual([{ ...mount, inFlight: 0 }])
  })

  test('adds up requests in flight, and calls an address down that any worker finds down', () => {
    const mount = { address: 'cache-1', state: 'up' as const, inFlight: 3, limit: 10 }
    const progress = begun()
    progress.heartbeat(beating(1, { limits: [mount] }), 0)
    progress.heartbeat(beating(1, { item: 'a.1', worker: 'worker-2', limits: [{ ...mount, state: 'down' }] }), 0)
    expect(progress.mounts()).toEqual([{ address: 'cache-1', state: 'down', inFlight: 6, limit: 20 }])
  })

  test('has the long reads of all workers together', () => {
    const longReads = { inFlight: 2, limit: 4, p50Ms: 80, p99Ms: 100, floorMs: 40 }
    const mount = { address: 'cache-1', state: 'up' as const, inFlight: 3, limit: 10, longReads }
    const progress = begun()
    progress.heartbeat(beating(1, { limits: [mount] }), 0)
    const other = { ...longReads, inFlight: 1, limit: 6, p50Ms: 90, floorMs: 30 }
    progress.heartbeat(beating(1, { item: 'a.1', worker: 'worker-2', limits: [{ ...mount, longReads: other }] }), 0)
    const together = { inFlight: 3, limit: 10, p50Ms: 90, p99Ms: 100, floorMs: 30 }
    const shown = { address: 'cache-1', state: 'up', limit: 20 }
    expect(progress.mounts()).toEqual([{ ...shown, inFlight: 6, longReads: together }])
    progress.end()
    expect(progress.mounts()).toEqual([{ ...shown, inFlight: 0, longReads: { ...together, inFlight: 0 } }])
  })

  test('has bytes of files that are not complete: in its sums and rates, and by themselves', () => {
    const progress = begun()
    const snapshot = (bytesInFlight: number, nowMs: number) => {
      progress.heartbeat(beating(1, { bytesArrived: 10 + bytesInFlight, bytesInFlight }), nowMs)
      return progress.snapshot(totals(files(100, 1_000)), wanting(0), nowMs)
    }
    expect(snapshot(0, 0)).not.toHaveProperty('bytesInFlight')
    expect(snapshot(5_000, 5_000)).toMatchObject({
      counts: { files: 101, bytes: 6_010 },
      bytesInFlight: 5_000,
      ratesPerSecond: { bytes: 1_000 },
    })
    expect(progress.workers(5_000)).toMatchObject([{ work: [{ files: 1, bytes: 5_010 }] }])
    progress.end()
    const end = progress.snapshot(totals(files(100, 1_000)), wanting(0), 6_000)
    expect(end).toMatchObject({ counts: { files: 100, bytes: 1_000 } })
    expect(end).not.toHaveProperty('bytesInFlight')
  })

  test('has the largest files of all workers, and what any of them waits for, while they hold items', () => {
    const progress = begun()
    const file = (size: number) => ({ path: `/${size}`, bytes: 1, size })
    const one = { largest: [file(50), file(40), file(1)], waitsFor: { addresses: ['b', 'a'] } }
    progress.heartbeat({ ...beating(1), ...one }, 0)
    const two = { largest: [file(45)], waitsFor: { ceiling: true as const, addresses: ['b'] } }
    progress.heartbeat({ ...beating(1, { item: 'a.0', worker: 'worker-2' }), ...two }, 0)
    expect(progress.snapshot(totals(), wanting(0), 0)).toMatchObject({
      largest: [file(50), file(45), file(40)],
      waitsFor: { ceiling: true, addresses: ['a', 'b'] },
    })
    progress.accepted([aResult(), aResult({ item: 'a.0', worker: 'worker-2' })], 1)
    const after = progress.snapshot(totals(), wanting(0), 1)
    expect(after).not.toHaveProperty('largest')
    expect(after).not.toHaveProperty('waitsFor')
  })

  test('counts items that a heartbeat had no room to name', () => {
    const progress = begun()
    const others = { items: 300, counts: files(7), bytesArrived: 9, bytesInFlight: 2, frontier: 11 }
    progress.heartbeat({ ...beating(1, { frontier: 1 }), others }, 0)
    expect(progress.held(0)).toEqual({ items: 301, pending: 12, workers: ['worker-1'] })
    expect(progress.snapshot(totals(), wanting(0), 0)).toMatchObject({ counts: { files: 8 }, bytesInFlight: 2 })
  })

  // Each heartbeat that looked at all the others would take a minute here, and such a test fails by its time.
  test('stays quick when ten thousand workers are made up', () => {
    const progress = begun()
    for (let at = 0; at < 10_000; at++)
      progress.heartbeat(beating(1, { worker: `w${at}`, item: `a.${at}`, attempt: `a${at}` }), 0)
    const attempts = Array.from({ length: 200 }, (_, at) => aHeldAttempt({ item: `b.${at}`, attempt: `b${at}` }))
    for (let at = 0; at < 100; at++) progress.heartbeat(aHeartbeat({ worker: 'many', attempts }), 0)
    expect(progress.held(0).items).toBe(10_200)
  })

  test('does not show an item again whose result overtook a heartbeat', () => {
    const progress = begun()
    progress.accepted([aResult({ counts: files(5) })], 0)
    progress.heartbeat(beating(5), 1)
    expect(filesShown(progress, 1, files(5))).toBe(5)
    expect(progress.held(1).items).toBe(0)
  })
})

describe('a run moves', () => {
  const moves = (...said: (readonly [Heartbeat, atMs: number])[]): number => {
    const progress = begun()
    for (const [heartbeat, atMs] of said) progress.heartbeat(heartbeat, atMs)
    expect(progress.lastSignAtMs).toBe(said.at(-1)?.[1])
    return progress.lastMoveAtMs
  }

  test('when a file or a directory more was read, not when a worker only speaks', () => {
    const progress = begun()
    progress.heartbeat(beating(0), 1_000)
    expect([progress.lastSignAtMs, progress.lastMoveAtMs]).toEqual([1_000, 0])
    progress.heartbeat(beating(3), 2_000)
    progress.heartbeat(beating(3), 3_000)
    expect([progress.lastSignAtMs, progress.lastMoveAtMs]).toEqual([3_000, 2_000])
    progress.heartbeat(beating(3, { counts: { ...files(3, 30), directories: 1 } }), 4_000)
    expect(progress.lastMoveAtMs).toBe(4_000)
  })

  test('with each byte that arrives, though no file is complete', () => {
    const huge = (bytesArrived: number) => beating(0, { bytesArrived, bytesInFlight: bytesArrived })
    expect(moves([huge(0), 1_000], [huge(1), 2_000], [huge(1), 3_000], [huge(2), 4_000])).toBe(4_000)
  })

  test('when entries are left out or fail: also so a directory comes to its end', () => {
    expect(moves([beating(0, { counts: { ...files(0), entriesSkipped: 1_000 } }), 1_000])).toBe(1_000)
    expect(moves([beating(0, { counts: { ...files(0), failures: { IO: 1 } } }), 1_000])).toBe(1_000)
  })

  test('not when an attempt falls back and catches up', () => {
    expect(moves([beating(5), 1_000], [beating(2), 2_000], [beating(5), 3_000], [beating(6), 4_000])).toBe(4_000)
    expect(moves([beating(5), 1_000], [beating(2), 2_000], [beating(5), 3_000])).toBe(1_000)
  })

  test('not when two attempts at one item say the same by turns', () => {
    const [old, young] = [beating(5, { attempt: 'old' }), beating(5, { attempt: 'new', worker: 'worker-2' })]
    expect(moves([old, 1_000], [young, 2_000], [old, 3_000], [young, 4_000])).toBe(2_000)
  })

  test('not when a worker says the same again after a long silence', () => {
    expect(moves([beating(5), 1_000], [beating(5), 60_000])).toBe(1_000)
  })

  test('with what a new attempt at an item reads again', () => {
    expect(moves([beating(5, { attempt: 'dead' }), 1_000], [beating(1, { attempt: 'next' }), 2_000])).toBe(2_000)
  })

  test('with a result that counts something, not with one that only hands its item on', () => {
    const progress = begun()
    progress.accepted([], 4_000)
    progress.accepted([aResult()], 5_000)
    expect([progress.lastSignAtMs, progress.lastMoveAtMs]).toEqual([5_000, 0])
    progress.accepted([aResult({ item: 'a.0', counts: files(1) })], 6_000)
    expect(progress.lastMoveAtMs).toBe(6_000)
    progress.accepted([aResult({ item: 'a.1', counts: { ...files(0), failures: { UNREAD: 1 } } })], 7_000)
    expect(progress.lastMoveAtMs).toBe(7_000)
  })
})

test('a run waits for its ceiling while a worker says so that was heard of late', () => {
  const progress = begun()
  expect(progress.waitsForCeiling(0)).toBe(false)
  progress.heartbeat({ ...beating(0), waitsFor: { ceiling: true } }, 0)
  expect(progress.waitsForCeiling(15_000)).toBe(true)
  expect(progress.waitsForCeiling(15_001)).toBe(false)
  progress.heartbeat(beating(0), 20_000)
  expect(progress.waitsForCeiling(20_000)).toBe(false)
})
