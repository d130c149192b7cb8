import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { manyEntries, memoryMount, memoryTree, recorded } from '../testing/index.ts'
import { addCounts, zeroCounts } from './counters.ts'
import { defaultFilter, type WalkOptions } from './options.ts'
import type { WalkPart } from './parts.ts'
import { walk } from './walk.ts'

const files = (count: number) => manyEntries(count, (at) => ({ kind: 'file', size: at, modifiedMs: at }))
const listed = (directory: string, names: readonly string[]): WalkPart => ({
  kind: 'files',
  directory,
  names,
  listed: true,
})
const names = (count: number, from = 0): string[] => Array.from({ length: count }, (_, at) => `f${from + at}`)
const all: WalkOptions = { entries: 'none', headBytes: Infinity }

describe('files of a list', () => {
  test('many of one directory are found by its listing, and read by their handles', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: memoryTree({ d: files(200) }), handleSpace: 'space' }))
    const under = walk([mount], { ...all, parts: [listed('/d', names(150))] })
    await under.done
    expect(under.counters).toMatchObject({ files: 150, directories: 0, failures: {} })
    expect(mount.calls.filter(({ operation }) => operation === 'list')).toHaveLength(1)
    expect(mount.calls.filter(({ operation }) => operation === 'stat')).toEqual([])
  })

  test.each([5, 50])('large ones among %i of one directory are read to their end', async (count) => {
    const sizes = Object.fromEntries(names(count).map((name, at) => [name, at % 5 === 0 ? 95 : 7]))
    const large = count / 5
    const mount = recorded(memoryMount({ name: 'm', tree: memoryTree({ d: sizes }), handleSpace: 'space' }))
    const under = walk([mount], { ...all, chunkBytes: 10, rangeBytes: 30, parts: [listed('/d', names(count))] })
    await under.done
    expect(under.counters).toMatchObject({ files: count, bytes: large * 95 + (count - large) * 7, failures: {} })
    expect(mount.calls.filter(({ operation }) => operation === 'read')).toHaveLength(large * 10 + count - large)
  })

  test.each([5, 50])(
    'large ones among %i of one directory are read as far as their heads are wanted',
    async (count) => {
      const sizes = Object.fromEntries(names(count).map((name, at) => [name, at % 5 === 0 ? 95 : 7]))
      const large = count / 5
      const mounts = ['one', 'two'].map((name) => memoryMount({ name, tree: memoryTree({ d: sizes }) }))
      const cut = { headBytes: 25, chunkBytes: 10, rangeBytes: 30 }
      for (const part of [
        listed('/d', names(count)),
        { kind: 'files' as const, directory: '/d', names: names(count) },
      ]) {
        const under = walk(mounts, { ...all, ...cut, parts: [part] })
        await under.done
        const bytes = large * 25 + (count - large) * 7
        expect(under.counters).toMatchObject({ files: count, bytes, failures: {} })
        expect(under.counters.mounts).toMatchObject({ one: { files: count, bytes }, two: { files: count, bytes } })
      }
    },
  )

  test('a few of one directory are read by their path', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: memoryTree({ d: files(200) }) }))
    const under = walk([mount], { ...all, parts: [listed('/d', names(5))] })
    await under.done
    expect(under.counters).toMatchObject({ files: 5, failures: {} })
    expect(mount.calls.every(({ operation }) => operation === 'read')).toBe(true)
  })

  test('a listing in which few are wanted is given up after a page', async () => {
    const mount = memoryMount({ name: 'm', tree: memoryTree({ d: files(100_000) }), pageSize: 100 })
    const under = walk([mount], { ...all, parts: [listed('/d', names(100, 50_000))] })
    await under.done
    expect(under.counters).toMatchObject({ files: 100, failures: {} })
    expect(mount.asked.pages).toBe(1)
  })

  test.each([5, 50])(
    'those of %i that are missing, directories or links are failures, and the rest is read',
    async (count) => {
      const literal = Object.fromEntries(names(count).map((name, at) => [name, at]))
      const tree = memoryTree({ d: { ...literal, sub: { f: 1 }, link: '/d/f1' } })
      const mounts = ['one', 'two'].map((name) => memoryMount({ name, tree }))
      const under = walk(mounts, { ...all, parts: [listed('/d', [...names(count), 'gone', 'sub', 'link'])] })
      await under.done
      expect(under.counters).toMatchObject({ files: count, failures: { NOT_FOUND: 2, NOT_A_FILE: 4 } })
      expect(new Set(under.takeFailures().map(({ path }) => path))).toEqual(new Set(['/d/gone', '/d/sub', '/d/link']))
    },
  )

  test.for([5, 60])(
    '%i of one directory begin in the order of the list, found in its listing or not',
    async (count) => {
      const filters = [defaultFilter, { ...defaultFilter, needsAttributes: true }]
      for (const filter of filters)
        for (const pageSize of [7, 100]) {
          const tree = memoryTree({ d: files(200) })
          const mount = recorded(memoryMount({ name: 'm', tree, pageSize }))
          const shuffled = Array.from({ length: count }, (_, at) => `f${(at * 37) % 61}`)
          const wanted = ['gone', ...shuffled, 'f199', 'f0', 'gone too']
          const under = walk([mount], { ...all, filter, chunkBytes: 30, concurrency: 1, parts: [listed('/d', wanted)] })
          await under.done
          const begun = mount.calls.filter(({ operation, offset }) => operation === 'read' && offset === 0)
          const expected = [...new Set(wanted)].map((name) => `/d/${name}`)
          const read = begun.map(({ path }) => path)
          expect(read).toEqual(filter.needsAttributes ? expected.filter((path) => !path.includes('gone')) : expected)
          expect(under.counters).toMatchObject({ files: expected.length - 2, failures: { NOT_FOUND: 2 } })
        }
    },
  )

  test('reading of a long list begins before its directory is listed to the end', async () => {
    const tree = memoryTree({ d: files(2_000) })
    const mount = recorded(memoryMount({ name: 'm', tree, pageSize: 50 }))
    const under = walk([mount], { ...all, maxPending: 100, parts: [listed('/d', names(2_000))] })
    mount.hold(({ operation }) => operation === 'read')
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(mount.held).toBe(64)
    expect(under.pending).toBeLessThanOrEqual(200)
    mount.hold(undefined)
    mount.release()
    await under.done
    expect(under.counters.files).toBe(2_000)
  })

  test('links are followed where they are wanted', async () => {
    const mount = memoryMount({ name: 'm', tree: memoryTree({ d: { link: '/e/f' }, e: { f: 7 } }) })
    const under = walk([mount], { ...all, symlinks: 'files', parts: [listed('/d', ['link'])] })
    await under.done
    expect(under.counters).toMatchObject({ files: 1, bytes: 7, failures: {} })
  })

  test.each([5, 50])('filters by time and size hold for %i of them, those by name do not', async (count) => {
    const mount = memoryMount({ name: 'm', tree: memoryTree({ d: files(count) }) })
    const filter = {
      file: () => false,
      directory: () => false,
      size: (bytes: number) => bytes < count - 1,
      modified: (ms: number) => ms >= 2,
      needsAttributes: true,
    }
    const under = walk([mount], { ...all, filter, parts: [listed('/d', names(count))] })
    await under.done
    expect(under.counters).toMatchObject({ files: count - 3, entriesSkipped: 3, failures: {} })
  })

  test.each(['one', 'each'] as const)('are looked at through %s where nothing is read', async (listThrough) => {
    const mounts = ['one', 'two'].map((name) => recorded(memoryMount({ name, tree: memoryTree({ d: files(60) }) })))
    const through = listThrough === 'one' ? 'spread' : 'each'
    const options = { ...all, read: false, through, listThrough } as const
    const under = walk(mounts, { ...options, parts: [listed('/d', [...names(60), 'gone'])] })
    await under.done
    const failures = listThrough === 'one' ? 1 : 2
    expect(under.counters).toMatchObject({ files: 60, bytes: (59 * 60) / 2, failures: { NOT_FOUND: failures } })
    const through2 = Object.values(under.counters.mounts).reduce((sum, { files: found }) => sum + found, 0)
    expect(through2).toBe(listThrough === 'one' ? 60 : 120)
    for (const { calls } of mounts) expect(calls.filter(({ operation }) => operation === 'read')).toEqual([])
  })
})

test('however a walk over lists is split, everything is counted exactly once', async () => {
  const scenario = fc.record({
    directories: fc.integer({ min: 1, max: 3 }),
    count: fc.constantFrom(3, 40),
    missing: fc.nat(3),
    pageSize: fc.integer({ min: 1, max: 30 }),
    options: fc.record({
      concurrency: fc.integer({ min: 1, max: 6 }),
      listings: fc.integer({ min: 1, max: 3 }),
      maxPending: fc.constantFrom(1, 3, 20),
      read: fc.boolean(),
      order: fc.constantFrom('given' as const, 'any' as const),
      filter: fc.constantFrom(defaultFilter, { ...defaultFilter, needsAttributes: true }),
    }),
    stops: fc.array(fc.nat(30), { maxLength: 8 }),
  })
  await fc.assert(
    fc.asyncProperty(scenario, async ({ directories, count, missing, pageSize, options, stops }) => {
      let hook = (): void => {}
      const tree = memoryTree({ d0: files(count), d1: files(count), d2: files(count) })
      const faults = (): undefined => {
        hook()
      }
      const mounts = ['one', 'two'].map((name) => memoryMount({ name, tree, pageSize, faults }))
      const counts = zeroCounts(['one', 'two'])
      const wanted = [...names(count), ...Array.from({ length: missing }, (_, at) => `gone${at}`)]
      let parts = Array.from({ length: directories }, (_, at) => listed(`/d${at}`, wanted))
      while (parts.length > 0) {
        const listThrough = options.read ? 'one' : 'each'
        const under = walk(mounts, { ...all, ...options, listThrough, parts })
        let left = stops.shift() ?? Infinity
        hook = () => {
          if (left-- <= 0) under.stop()
        }
        await under.done
        hook = () => {}
        const { inFlight: _, ...own } = under.counters
        addCounts(counts, own, 1)
        parts = under.rest()
      }
      // Looked at first, or read through each mount.
      const eachFails = options.filter.needsAttributes ? 1 : 2
      expect(counts.files).toBe(directories * count)
      expect(counts.failures).toEqual(missing === 0 ? {} : { NOT_FOUND: directories * missing * eachFails })
      expect(counts.mounts['one']?.files).toBe(directories * count)
      expect(counts.mounts['two']?.files).toBe(directories * count)
    }),
    { numRuns: 200 },
  )
})
