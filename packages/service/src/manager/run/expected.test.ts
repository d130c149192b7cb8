import { addCounts, type Counts, emptyCounts, type LevelCounts } from '@cachewarmer/core'
import { describe, expect, test } from 'vitest'
import { Expectation, totalsOfWalk } from './expected.ts'

interface Tree {
  readonly directories: readonly number[]
  readonly filesEach: number
}

/** What a run is known to have done, step by step: each step lists one directory, or reads one file. */
function* steps({ directories, filesEach }: Tree, order: 'deepest first' | 'level by level'): Generator<Counts> {
  let counts: Counts = { ...emptyCounts(), levels: {} }
  const level = (depth: number, found: LevelCounts): void => {
    counts = addCounts(counts, { ...emptyCounts(), levels: { [depth]: found } })
  }
  const pending = [0]
  let unread = 0
  while (pending.length > 0 || unread > 0) {
    if (unread > 0) {
      unread -= 1
      counts = addCounts(counts, { ...emptyCounts(), files: 1, bytes: 100 })
    } else {
      const depth = (order === 'deepest first' ? pending.pop() : pending.shift()) ?? 0
      const below = directories[depth] ?? 0
      const files = depth === directories.length ? filesEach : 0
      level(depth, { listed: 1, directories: below, files })
      for (let at = 0; at < below; at += 1) pending.push(depth + 1)
      unread = files
    }
    yield counts
  }
}

/** Each step takes as long as any other. Gives what was expected and when, from half-way on. */
function secondHalf(tree: Tree, order: 'deepest first' | 'level by level') {
  const all = [...steps(tree, order)]
  const stepMs = 50
  const expectation = new Expectation({ paths: ['/'], through: 'each' })
  const looks = all.map((counts, at) => ({ atMs: at * stepMs, ...expectation.look(counts, at * stepMs) }))
  const endMs = (all.length - 1) * stepMs
  return {
    endMs,
    files: all.at(-1)?.files ?? 0,
    looks: looks.filter(({ atMs }) => atMs >= endMs / 2 && atMs < endMs * 0.95),
  }
}

describe('the time left of a uniform tree', () => {
  const trees: Tree[] = [
    { directories: [400], filesEach: 20 },
    { directories: [20, 20], filesEach: 20 },
    { directories: [5, 8, 10], filesEach: 20 },
  ]

  test.each(trees.flatMap((tree) => [[tree, 'deepest first'] as const, [tree, 'level by level'] as const]))(
    'is within a quarter from half-way on, and so is the number of files: %j, %s',
    (tree, order) => {
      const { endMs, files, looks } = secondHalf(tree, order)
      expect(looks.length).toBeGreaterThan(1_000)
      for (const { atMs, expected, timeLeftMs = Number.NaN } of looks) {
        expect(expected).toMatchObject({ from: 'walk' })
        expect(Math.abs((expected?.files ?? 0) - files)).toBeLessThanOrEqual(files / 4)
        expect(Math.abs(timeLeftMs - (endMs - atMs))).toBeLessThanOrEqual((endMs - atMs) / 4)
      }
    },
  )
})

const levels = (...found: [listed: number, directories: number, files: number][]): Counts => ({
  ...emptyCounts(),
  levels: Object.fromEntries(
    found.map(([listed, directories, files], depth) => [depth, { listed, directories, files }]),
  ),
})

describe('what a walk will come to', () => {
  test('is what it found once everything is listed, for any tree', () => {
    expect(totalsOfWalk(levels([1, 2, 3], [2, 1, 0], [1, 0, 1_000]), ['/'])).toMatchObject({
      files: 1_003,
      pendingDirectories: 0,
    })
  })

  test('counts a directory that waits as what others of its depth held, with all below', () => {
    // One of four directories was listed: 10 files in it, and one directory of 5 below.
    expect(totalsOfWalk(levels([1, 4, 0], [1, 1, 10], [1, 0, 5]), ['/']).files).toBe(60)
  })

  test('knows where paths of a job begin, and is not confused by one that is a file', () => {
    const walked = { ...emptyCounts(), levels: { 2: { listed: 1, directories: 0, files: 8 } } }
    expect(totalsOfWalk(walked, ['/a/b', '/a/c']).files).toBe(16)
    expect(totalsOfWalk(emptyCounts(), ['/a/b']).files).toBe(0)
  })
})

describe('an expectation', () => {
  const job = { paths: ['/'], through: 'each' as const }
  const listing = (files: number, pending: number): Counts => ({
    ...levels([1, 100, 0], [100 - pending, 0, files]),
    files,
  })

  test('is not there before anything was listed', () => {
    expect(new Expectation(job).look(emptyCounts(), 0)).toEqual({})
  })

  test('believes the last run of the same job until its totals are passed, or all is found', () => {
    const expectation = new Expectation(job, { files: 5_000, bytes: 50_000 })
    expect(expectation.look(listing(10, 90), 0).expected).toMatchObject({
      files: 5_000,
      bytes: 50_000,
      from: 'earlier run',
    })
    expect(expectation.look(listing(5_001, 1), 1_000).expected).toMatchObject({ from: 'walk' })
    expect(expectation.look(listing(4_000, 0), 2_000).expected).toMatchObject({ files: 4_000, from: 'walk' })
  })

  test('knows how long a list is, and adds what a walk finds beside it', () => {
    const list = { id: 'a'.repeat(12), chunks: 1, paths: 200 }
    const alone = new Expectation({ paths: [], through: 'each', list })
    const read = (files: number): Counts => ({ ...emptyCounts(), files, bytes: files * 10 })
    alone.look(read(0), 0)
    expect(alone.look(read(50), 5_000)).toEqual({
      expected: { files: 200, bytes: 2_000, share: 0.25, from: 'walk' },
      timeLeftMs: 15_000,
    })
    const both = new Expectation({ ...job, list }).look({ ...listing(100, 90), files: 250 }, 0)
    expect(both.expected).toMatchObject({ files: 1_200, share: 250 / 1_200 })
  })

  test('takes a file that failed for done: with one of two addresses away, the other tells', () => {
    const counts = (at: number): Counts => ({
      ...listing(0, 0),
      levels: { 0: { listed: 1, directories: 0, files: 100 } },
      failures: { IO: at },
      mounts: { a: { files: at, bytes: 0, failures: 0 }, b: { files: 0, bytes: 0, failures: at } },
    })
    const expectation = new Expectation(job)
    expectation.look(counts(0), 0)
    expect(expectation.look(counts(50), 10_000)).toMatchObject({ expected: { share: 0.5 }, timeLeftMs: 10_000 })
  })

  test('forgets how fast it was when the run rested', () => {
    const expectation = new Expectation(job)
    expectation.look(listing(10, 50), 0)
    expectation.look(listing(500, 50), 10_000)
    expectation.restart()
    expectation.look(listing(500, 50), 3_600_000)
    const { timeLeftMs } = expectation.look(listing(600, 50), 3_601_000)
    expect(timeLeftMs).toBe(6_000)
  })

  test('holds a bounded number of moments, and forgets the slow start of a fleet', () => {
    const expectation = new Expectation(job)
    const pending = 50
    for (let second = 0; second <= 3_600; second += 1)
      expectation.look(listing(Math.max(0, second - 1_800), pending), second * 1_000)
    const { timeLeftMs = 0 } = expectation.look(listing(1_800, pending), 3_600_000)
    expect(Math.abs(timeLeftMs - 1_800_000)).toBeLessThan(100_000)
  })
})

describe('bytes', () => {
  const found = (files: number, bytes: number) => ({ levels: { 0: { listed: 1, directories: 0, files, bytes } } })
  const looked = (steps: readonly (readonly [Counts, number, number])[], through: 'each' | 'spread' = 'each') => {
    const expectation = new Expectation({ paths: ['/'], through })
    return steps.map(([counts, nowMs, inFlight]) => expectation.look(counts, nowMs, inFlight)).at(-1)
  }
  const reading = (bytes: number, given: Partial<Counts> = {}): Counts => ({
    ...emptyCounts(),
    bytes,
    ...found(1, 1_000_000),
    ...given,
  })

  test('of one huge file say how far the run is, and how long it takes, before the file is complete', () => {
    const steps = [0, 1, 2, 3].map((at) => [reading(at * 100_000), at * 10_000, at * 100_000] as const)
    expect(looked(steps)).toEqual({
      expected: { files: 1, bytes: 1_000_000, share: 0.3, from: 'walk' },
      timeLeftMs: 70_000,
    })
  })

  test('of a huge file among small ones are not forgotten when nearly all files are read', () => {
    const small = { files: 999, ...found(1_000, 1_000_000) }
    const last = looked([
      [reading(0, found(1_000, 1_000_000)), 0, 0],
      [reading(100_000, small), 10_000, 50_000],
    ])
    expect(last?.expected?.share).toBeCloseTo(0.1)
    expect(last?.timeLeftMs).toBe(90_000)
  })

  test('of files that failed are not waited for', () => {
    const failed = { files: 1, failures: { IO: 1 }, ...found(2, 1_000_000) }
    const steps = [[reading(0, found(2, 1_000_000)), 0, 0] as const, [reading(500_000, failed), 10_000, 0] as const]
    expect(looked(steps, 'spread')).toEqual({
      expected: { files: 2, bytes: 1_000_000, share: 1, from: 'walk' },
      timeLeftMs: 0,
    })
  })

  test('are reckoned from what was read where listings told no sizes, and decide nothing then', () => {
    const last = looked([
      [reading(0, found(10, 0)), 0, 0],
      [reading(600, { files: 5, ...found(10, 0) }), 10_000, 100],
    ])
    expect(last).toEqual({ expected: { files: 10, bytes: 1_000, share: 0.5, from: 'walk' }, timeLeftMs: 10_000 })
  })
})
