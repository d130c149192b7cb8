import { describe, expect, test } from 'vitest'
import { latencyBin, type WalkFailure } from './counters.ts'
import { Tallies } from './tallies.ts'

const failure = (path: string): WalkFailure => ({ path, mount: 'm', code: 'IO', message: path })
const read = { files: 1, filesInPart: 0, bytes: 10, reads: [{ mount: 'm', bytes: 10 }] } as const
const make = (): Tallies => new Tallies(['m'], { holdFailures: true })

describe('tallies', () => {
  test('what is found under the root stands at once', () => {
    const tallies = make()
    tallies.achieve(tallies.root, read)
    tallies.fail(tallies.root, failure('/a'))
    expect(tallies.live).toMatchObject({
      files: 1,
      filesInPart: 0,
      bytes: 10,
      failures: { IO: 1 },
      mounts: { m: { files: 1, failures: 1 } },
    })
    expect(tallies.takeFailures()).toEqual([failure('/a')])
  })

  test('what is found in an open tally shows, and its failures wait', () => {
    const tallies = make()
    const open = tallies.open(tallies.root, { kind: 'tree', path: '/d' })
    tallies.achieve(open, read)
    tallies.fail(open, failure('/d/a'))
    expect(tallies.live).toMatchObject({ files: 1, failures: { IO: 1 } })
    expect(tallies.takeFailures()).toEqual([])
    tallies.finish(open)
    expect(tallies.live).toMatchObject({ files: 1, failures: { IO: 1 } })
    expect(tallies.takeFailures()).toEqual([failure('/d/a')])
  })

  test('what listings found is kept by depth, and rolled back with the rest', () => {
    const tallies = make()
    tallies.found(tallies.root, '/', { listed: 1, directories: 2, files: 0, bytes: 0 })
    const open = tallies.open(tallies.root, { kind: 'tree', path: '/d' })
    tallies.found(open, '/d', { listed: 0, directories: 1, files: 5, bytes: 50 })
    tallies.found(open, '/d/e/f', { listed: 1, directories: 0, files: 7, bytes: 70 })
    tallies.found(tallies.root, '/g', { listed: 1, directories: 0, files: 2, bytes: 20 })
    expect(tallies.live.levels).toEqual({
      0: { listed: 1, directories: 2, files: 0, bytes: 0 },
      1: { listed: 1, directories: 1, files: 7, bytes: 70 },
      3: { listed: 1, directories: 0, files: 7, bytes: 70 },
    })
    tallies.rollBack()
    expect(tallies.live.levels).toEqual({
      0: { listed: 1, directories: 2, files: 0, bytes: 0 },
      1: { listed: 1, directories: 0, files: 2, bytes: 20 },
    })
    tallies.found(tallies.root, '/x'.repeat(200), { listed: 1, directories: 0, files: 0, bytes: 0 })
    expect(Object.keys(tallies.live.levels)).toEqual(['0', '1', '63'])
  })

  test('rolled back, nothing of it is left, and one part stands for all', () => {
    const tallies = make()
    tallies.achieve(tallies.root, read)
    const outer = tallies.open(tallies.root, { kind: 'tree', path: '/d' })
    const inner = tallies.open(outer, { kind: 'tree', path: '/d/e' })
    const merged = tallies.open(outer, { kind: 'tree', path: '/d/f' })
    for (const tally of [outer, inner, merged]) {
      tallies.achieve(tally, read)
      tallies.count(tally, 'directories')
      tallies.fail(tally, failure('/d/x'))
    }
    tallies.finish(merged)
    expect(tallies.live).toMatchObject({ files: 4, directories: 3, failures: { IO: 3 } })
    expect(tallies.rollBack()).toEqual([{ part: { kind: 'tree', path: '/d' }, tally: tallies.root }])
    expect(tallies.live).toEqual({
      directories: 0,
      files: 1,
      filesInPart: 0,
      bytes: 10,
      entriesSkipped: 0,
      leftOut: {},
      specialSkipped: 0,
      sizes: {},
      failures: {},
      mounts: { m: { files: 1, bytes: 10, failures: 0, latencies: {} } },
      levels: {},
      inFlight: 0,
      bytesArrived: 0,
      chunks: 0,
    })
    expect([outer, inner, merged].map((tally) => tallies.isVoid(tally))).toEqual([true, true, true])
    expect(tallies.takeFailures()).toEqual([])
  })

  test('a void tally counts nothing that comes late', () => {
    const tallies = make()
    const open = tallies.open(tallies.root, { kind: 'tree', path: '/d' })
    tallies.void(open)
    tallies.achieve(open, read)
    tallies.count(open, 'specialSkipped', 5)
    tallies.fail(open, failure('/d/a'))
    tallies.finish(open)
    expect(tallies.live).toMatchObject({ files: 0, specialSkipped: 0, failures: {} })
    expect(tallies.takeFailures()).toEqual([])
  })

  test('an inner tally outlives an outer one that came to its end', () => {
    const tallies = make()
    const outer = tallies.open(tallies.root, { kind: 'tree', path: '/d' })
    const inner = tallies.open(outer, { kind: 'tree', path: '/d/e' })
    tallies.achieve(outer, read)
    tallies.achieve(inner, read)
    tallies.finish(outer)
    expect(tallies.rollBack()).toMatchObject([{ part: { kind: 'tree', path: '/d/e' } }])
    expect(tallies.live.files).toBe(1)
  })

  test('the scope of a handed part falls with the tally that its own merged into', () => {
    const tallies = make()
    const outer = tallies.open(tallies.root, { kind: 'tree', path: '/d' })
    const inner = tallies.open(outer, { kind: 'tree', path: '/d/e' })
    expect(tallies.hand(tallies.root)).toBeUndefined()
    const scope = tallies.hand(inner)
    expect(scope).toBe(inner.id)
    expect([outer.handed, inner.handed]).toEqual([true, true])
    tallies.finish(inner)
    expect(tallies.hand(inner)).toBe(outer.id)
    expect(tallies.voidScopes()).toEqual([])
    tallies.rollBack()
    expect(new Set(tallies.voidScopes())).toEqual(new Set([outer.id, inner.id]))
  })

  test('a scope whose listing came to its end is forgotten', () => {
    const tallies = make()
    const open = tallies.open(tallies.root, { kind: 'tree', path: '/d' })
    tallies.hand(open)
    tallies.finish(open)
    expect(tallies.hand(open)).toBeUndefined()
    tallies.rollBack()
    expect(tallies.voidScopes()).toEqual([])
  })

  test('a mount counts a file only where it read its beginning', () => {
    const tallies = new Tallies(['one', 'two'], { holdFailures: false })
    const reads = ['one', 'two'].map((mount) => ({ mount, bytes: 5 }))
    tallies.achieve(tallies.root, { files: 1, filesInPart: 0, bytes: 10, reads, begunThrough: new Set(['two']) })
    expect(tallies.live.mounts).toEqual({
      one: { files: 0, bytes: 5, failures: 0, latencies: {} },
      two: { files: 1, bytes: 5, failures: 0, latencies: {} },
    })
  })

  test('how long first reads took is counted by bins, and rolled back with the rest', () => {
    const tallies = make()
    const timed = (firstMs: number) => ({ ...read, bytes: 1, reads: [{ mount: 'm', bytes: 1, firstMs }] })
    tallies.achieve(tallies.root, timed(10))
    const open = tallies.open(tallies.root, { kind: 'tree', path: '/d' })
    for (const firstMs of [10.5, 100, 100]) tallies.achieve(open, timed(firstMs))
    tallies.achieve(open, read)
    expect(tallies.live.mounts['m']?.latencies).toEqual({ 30: 2, 40: 2 })
    tallies.rollBack()
    expect(tallies.live.mounts['m']?.latencies).toEqual({ 30: 1 })
  })
})

test('what no bin is for is in the bin at that end', () => {
  expect([0, 0.01, 1, 9.99, 79_433, Number.MAX_VALUE].map(latencyBin)).toEqual([0, 0, 20, 29, 69, 69])
})
