import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbCounts } from '../../test/arbitraries.ts'
import { validator } from '../wire/validate.ts'
import { addCounts, Counts, emptyCounts, largestCount, latencyHistogram } from './counts.ts'

const sum = (all: readonly Counts[]): Counts => all.reduce(addCounts, emptyCounts())

test('nothing plus anything is that', () => {
  fc.assert(
    fc.property(arbCounts, (counts) => {
      expect(addCounts(emptyCounts(), counts)).toEqual(counts)
      expect(addCounts(counts, emptyCounts())).toEqual(counts)
    }),
  )
})

test('the order of adding means nothing, up to the 64 addresses that a sum keeps', () => {
  fc.assert(
    fc.property(fc.array(arbCounts, { maxLength: 6 }), fc.array(arbCounts, { maxLength: 6 }), (some, others) => {
      fc.pre(new Set([...some, ...others].flatMap(({ mounts }) => Object.keys(mounts))).size <= 64)
      expect(addCounts(sum(others), sum(some))).toEqual(sum([...some, ...others]))
    }),
  )
})

test('each number is added to its like', () => {
  const mount = { files: 1, bytes: 2, failures: 3 }
  const counts: Counts = {
    directories: 1,
    files: 2,
    bytes: 3,
    entriesSkipped: 4,
    specialSkipped: 5,
    failures: { IO: 6 },
    mounts: { a: mount },
  }
  expect(addCounts(counts, { ...counts, failures: { STALE: 1 }, mounts: { a: mount, b: mount } })).toEqual({
    directories: 2,
    files: 4,
    bytes: 6,
    entriesSkipped: 8,
    specialSkipped: 10,
    failures: { IO: 6, STALE: 1 },
    mounts: { a: { files: 2, bytes: 4, failures: 6 }, b: mount },
  })
})

test('files are added by what brought them, and by what is in doubt of them; the ninth of either is left out', () => {
  const told = (readBy: Record<string, number>, doubts?: Record<string, number>): Counts => ({
    ...emptyCounts(),
    mounts: { a: { files: 1, bytes: 1, failures: 0, readBy, ...(doubts && { doubts }) } },
  })
  const one = told({ NFSv3: 2, 'NFSv4.0 kernel mount': 1 }, { fuse: 1 })
  expect(addCounts(one, told({ NFSv3: 5 })).mounts['a']).toMatchObject({
    readBy: { NFSv3: 7, 'NFSv4.0 kernel mount': 1 },
    doubts: { fuse: 1 },
  })
  const many = Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`way ${at}`, 1]))
  expect(addCounts(told(many), told({ NFSv3: 1 })).mounts['a']?.readBy).toEqual(many)
  expect(addCounts(emptyCounts(), { ...one, mounts: { a: { files: 1, bytes: 1, failures: 0 } } }).mounts['a']).toEqual({
    files: 1,
    bytes: 1,
    failures: 0,
  })
})

test('an address may be called like something that every object has', () => {
  const counts = { ...emptyCounts(), mounts: { constructor: { files: 1, bytes: 1, failures: 0 } } }
  expect(addCounts(emptyCounts(), counts).mounts).toEqual(counts.mounts)
})

test('levels are added depth by depth, and are absent where they were not counted', () => {
  const level = { listed: 1, directories: 2, files: 3 }
  const one = { ...emptyCounts(), levels: { 0: level, 1: level } }
  const other = { ...emptyCounts(), levels: { 1: level, 12: level } }
  const twice = { listed: 2, directories: 4, files: 6 }
  expect(addCounts(one, other).levels).toEqual({ 0: level, 1: twice, 12: level })
  expect(addCounts(emptyCounts(), one).levels).toEqual(one.levels)
  expect('levels' in addCounts(emptyCounts(), emptyCounts())).toBe(false)
})

test('latencies are added bin by bin, and are absent where nothing was timed', () => {
  const at = (latencies?: Record<string, number>): Counts => ({
    ...emptyCounts(),
    mounts: { a: { files: 1, bytes: 1, failures: 0, ...(latencies === undefined ? {} : { latencies }) } },
  })
  expect(addCounts(at({ '3': 1, '4': 2 }), at({ '4': 5 })).mounts['a']?.latencies).toEqual({ '3': 1, '4': 7 })
  // A worker of an earlier version beside one of this.
  expect(addCounts(at(), at({ '4': 5 })).mounts['a']?.latencies).toEqual({ '4': 5 })
  expect('latencies' in (addCounts(at(), at()).mounts['a'] ?? {})).toBe(false)
})

test('what was added is left alone', () => {
  const one = Object.freeze({
    ...emptyCounts(),
    mounts: Object.freeze({ a: Object.freeze({ files: 1, bytes: 1, failures: 0 }) }),
  })
  const both = addCounts(one, one)
  expect([both.mounts, one.mounts]).toEqual([
    { a: { files: 2, bytes: 2, failures: 0 } },
    { a: { files: 1, bytes: 1, failures: 0 } },
  ])
  expect(addCounts(one, emptyCounts()).mounts.a).not.toBe(one.mounts.a)
})

describe('counts of hostile or enormous trees', () => {
  const valid = validator(Counts)
  const many = (names: readonly string[]): Counts => ({
    ...emptyCounts(),
    failures: Object.fromEntries(names.map((name) => [name.toUpperCase(), 3])),
    mounts: Object.fromEntries(names.map((name) => [name, { files: 1, bytes: 1, failures: 0 }])),
  })
  const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${prefix}${at}`)

  test('the sum of valid counts is valid', () => {
    fc.assert(
      fc.property(fc.array(arbCounts, { minLength: 2, maxLength: 8 }), (all) => {
        expect(valid.problems(sum(all))).toEqual([])
      }),
    )
  })

  test('a sum beyond 2^53-1 stops there', () => {
    const huge = {
      ...emptyCounts(),
      files: 2,
      bytes: largestCount,
      mounts: { a: { files: 1, bytes: largestCount, failures: 0 } },
    }
    const twice = addCounts(huge, huge)
    expect([twice.files, twice.bytes, twice.mounts['a']?.bytes]).toEqual([4, largestCount, largestCount])
  })

  test('more codes and addresses than there is room for are counted as OTHER, and left out', () => {
    const both = addCounts(many(names('a', 64)), many(names('b', 64)))
    expect(Object.keys(both.mounts)).toEqual(names('a', 64))
    const all = [both, ...['c', 'd', 'e'].map((prefix) => many(names(prefix, 64)))].reduce(addCounts)
    expect([Object.keys(all.failures).length, all.failures['OTHER']]).toEqual([256, (5 * 64 - 255) * 3])
    expect(valid.problems(all)).toEqual([])
  })
})

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
