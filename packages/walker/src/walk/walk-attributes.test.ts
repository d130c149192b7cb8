import { describe, expect, test } from 'vitest'
import type { Mount } from '../mounts/mount.ts'
import {
  type MemoryDirectory,
  manyEntries,
  memoryMount,
  memoryTree,
  recorded,
  type TreeLiteral,
  until,
} from '../testing/index.ts'
import type { WalkEntry } from './entries.ts'
import { defaultFilter, type WalkOptions } from './options.ts'
import type { WalkPart } from './parts.ts'
import { FileSample, measureReads } from './sample.ts'
import { walk } from './walk.ts'

const tree = { empty: 0, one: 1, d: { small: 1000, large: 5_000_000, e: { '\udcff': 1023 } } }
const file = { kind: 'file', size: 1 } as const
const nothing: WalkOptions = { read: false, entries: 'none', headBytes: Infinity }

describe('a walk that reads nothing', () => {
  test('finds every file with its size, and opens none', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: memoryTree(tree) }))
    const under = walk([mount], nothing)
    await under.done
    expect(under.counters).toMatchObject({ directories: 3, files: 5, bytes: 5_002_024, failures: {} })
    expect(under.counters.sizes).toEqual({
      0: { files: 1, bytes: 0 },
      1: { files: 1, bytes: 1 },
      10: { files: 2, bytes: 2023 },
      23: { files: 1, bytes: 5_000_000 },
    })
    expect(under.counters.mounts['m']).toMatchObject({ files: 5, bytes: 0, failures: 0 })
    expect(mount.calls.filter(({ operation }) => operation === 'read')).toEqual([])
  })

  test('counts what reading the heads would bring, and the sizes as they are', async () => {
    const under = walk([memoryMount({ name: 'm', tree: memoryTree(tree) })], { ...nothing, headBytes: 100 })
    await under.done
    expect(under.counters.bytes).toBe(0 + 1 + 100 + 100 + 100)
    expect(under.counters.sizes['23']).toEqual({ files: 1, bytes: 5_000_000 })
  })

  test('through each mount lists each directory through all of them', async () => {
    const mounts = ['one', 'two', 'three'].map((name) => memoryMount({ name, tree: memoryTree(tree) }))
    const under = walk(mounts, { ...nothing, listThrough: 'each' })
    await under.done
    expect(under.counters).toMatchObject({ directories: 3, files: 5, failures: {} })
    expect(mounts.map(({ asked }) => asked.lists)).toEqual([3, 3, 3])
    for (const { name } of mounts) expect(under.counters.mounts[name]).toMatchObject({ files: 5, failures: 0 })
  })

  test.each(['one', 'two', 'three'])(
    'a directory that %s does not list is a failure of it, and its files are not found',
    async (lame) => {
      const mounts = ['one', 'two', 'three'].map((name) =>
        memoryMount({
          name,
          tree: memoryTree(tree),
          faults: (operation, path) => (name === lame && operation === 'list' && path === '/d' ? 'IO' : undefined),
        }),
      )
      const under = walk(mounts, { ...nothing, listThrough: 'each' })
      await under.done
      expect(under.counters).toMatchObject({ directories: 3, files: 3, failures: { IO: 1 } })
      expect(under.takeFailures()).toMatchObject([{ path: '/d', mount: lame, code: 'IO' }])
      for (const { name } of mounts)
        expect(under.counters.mounts[name]).toMatchObject(name === lame ? { files: 3, failures: 1 } : { files: 5 })
    },
  )

  test('names that come from elsewhere are looked at through each mount', async () => {
    const mounts = ['one', 'two'].map((name) => recorded(memoryMount({ name, tree: memoryTree(tree) })))
    const parts = [
      { kind: 'files', directory: '/d', names: ['small', 'gone', 'e'] },
      { kind: 'tree', path: '/one' },
    ] as const
    const under = walk(mounts, { ...nothing, listThrough: 'each', parts })
    await under.done
    expect(under.counters).toMatchObject({ files: 2, bytes: 1001, failures: { NOT_FOUND: 2, NOT_A_FILE: 2 } })
    for (const { name } of mounts) expect(under.counters.mounts[name]).toMatchObject({ files: 2, failures: 2 })
  })

  test.for(['one', 'each'] as const)(
    'listed through %s, yields each file once with its size and time',
    async (listThrough) => {
      const files = {
        a: { kind: 'file', size: 4, modifiedMs: 7 },
        d: { b: 70_000 },
        many: manyEntries(40, () => file),
      } as const
      const mounts = ['one', 'two'].map((name) => recorded(memoryMount({ name, tree: memoryTree(files), pageSize: 7 })))
      const named: WalkPart = { kind: 'files', directory: '/d', names: ['b'] }
      const under = walk(mounts, { read: false, listThrough, parts: [{ kind: 'tree', path: '/' }, named] })
      const entries: WalkEntry[] = []
      for await (const entry of under) entries.push(entry)
      const found = (path: string, size: number, modifiedMs: number): WalkEntry => {
        return { kind: 'file', path, size, modifiedMs, bytes: size, complete: false, reads: [] }
      }
      const listed = entries.filter(({ path }) => !path.startsWith('/many'))
      expect(listed.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
        { kind: 'directory', path: '/' },
        found('/a', 4, 7),
        { kind: 'directory', path: '/d' },
        found('/d/b', 70_000, 0),
        found('/d/b', 70_000, 0),
      ])
      expect(entries).toHaveLength(5 + 41)
      expect(under.counters).toMatchObject({ files: 43, bytes: 4 + 70_000 * 2 + 40, filesInPart: 0, bytesArrived: 0 })
      expect(mounts.flatMap(({ calls }) => calls).filter(({ operation }) => operation === 'read')).toEqual([])
    },
  )

  test.for([
    [{}, false],
    [{ attributes: true }, true],
    [{ read: false }, true],
    [{ filter: { ...defaultFilter, needsAttributes: true } }, true],
  ] as const)('listings are asked for attributes with %j: %s', async ([options, expected]) => {
    const asked: boolean[] = []
    const inner = memoryMount({ name: 'm', tree: memoryTree({ f: 1 }) })
    const mount: Mount = {
      ...inner,
      list(target, asking) {
        asked.push(asking.attributes)
        return inner.list(target, asking)
      },
    }
    await walk([mount], options).done
    expect(asked).toEqual([expected])
  })

  test('a slow reader holds the listing of a vast directory back', async () => {
    const mount = memoryMount({ name: 'm', tree: manyEntries(1_000_000, () => file), pageSize: 100 })
    const entries = walk([mount], { headBytes: 0, concurrency: 64 })[Symbol.asyncIterator]()
    for (let taken = 1; taken <= 500; taken++) {
      await entries.next()
      if (taken % 50 === 0) for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
      expect(mount.asked.pages * 100).toBeLessThan(taken + 64 + 300)
    }
    await entries.return?.()
    expect(mount.asked.openListings).toBe(0)
  })

  test('sorted: one listing at a time gives the whole tree by name, in spite of the order of its pages', async () => {
    const shuffled = (seed: number): TreeLiteral => {
      const names = Array.from({ length: 30 }, (_, at) => `n${(at * seed) % 31}`)
      return Object.fromEntries(names.map((name, at) => [name, at % 5 === 0 ? { x: 1, b: { z: 1, a: 1 } } : 1]))
    }
    const tree = memoryTree({ ...shuffled(7), deep: shuffled(12) })
    const entries: WalkEntry[] = []
    for await (const entry of walk([memoryMount({ name: 'm', tree, pageSize: 4 })], {
      read: false,
      sorted: true,
      listings: 1,
    }))
      entries.push(entry)
    const expected = (directory: MemoryDirectory, path: string): string[] => {
      const named = [...directory.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1))
      const at = (name: string): string => `${path === '/' ? '' : path}/${name}`
      return [
        path,
        ...named.flatMap(([name, node]) => (node.kind === 'file' ? [at(name)] : [])),
        ...named.flatMap(([name, node]) => (node.kind === 'directory' ? expected(node, at(name)) : [])),
      ]
    }
    expect(entries.map(({ path }) => path)).toEqual(expected(tree, '/'))
  })

  test('sorted: a directory with more names than are held is a failure of its own, and stopping leaves it whole', async () => {
    const vast = { vast: manyEntries(1_000_001, () => file), f: 1 }
    const under = walk([memoryMount({ name: 'm', tree: memoryTree(vast), pageSize: 50_000 })], {
      read: false,
      sorted: true,
    })
    await under.done
    expect(under.takeFailures()).toMatchObject([{ path: '/vast', code: 'TOO_LARGE' }])
    expect(under.counters).toMatchObject({ files: 1, directories: 1 })
    const stopped = walk([memoryMount({ name: 'm', tree: manyEntries(10_000, () => file), pageSize: 100 })], {
      read: false,
      sorted: true,
      entries: 'none',
    })
    await until(() => stopped.pending === 0)
    stopped.stop()
    await stopped.done
    expect([stopped.counters.files, stopped.rest()]).toEqual([0, [{ kind: 'tree', path: '/' }]])
  })

  test('samples a few files, the same ones in any order', async () => {
    const wide = { d: manyEntries(500, (at) => ({ kind: 'file', size: at < 400 ? 100 : 1_000_000 })) }
    const sampled = async (listings: number): Promise<readonly { path: string; size: number }[]> => {
      const mount = memoryMount({ name: 'm', tree: memoryTree({ ...wide, e: wide }), pageSize: 7 })
      const under = walk([mount], { ...nothing, sampleFiles: 16, listings })
      await under.done
      return under.sampled
    }
    const files = await sampled(1)
    expect(files).toEqual(await sampled(2))
    expect([files.filter(({ size }) => size === 100).length, files.length]).toEqual([16, 20])
  })
})

test('a sample of nothing is empty', () => {
  expect(new FileSample(4).files).toEqual([])
})

test('measuring tells small files from large ones, and leaves out what fails', async () => {
  let now = 0
  const clock = {
    now: () => now,
    setTimer: () => () => {},
  }
  const mount = memoryMount({
    name: 'm',
    tree: memoryTree({ a: 10, b: 20, large: 10 * 2 ** 20 }),
    latencyMs: 5,
    clock: {
      setTimer: (ms, run) => {
        now += ms
        run()
        return () => {}
      },
    },
  })
  const files = [
    { path: '/a', size: 10 },
    { path: '/b', size: 20 },
    { path: '/gone', size: 20 },
    { path: '/large', size: 10 * 2 ** 20 },
  ]
  const { signal } = new AbortController()
  const measured = await measureReads([mount], files, { clock, signal, concurrency: 1 })
  expect(measured).toEqual({ files: 2, filesMs: 10, bytes: 4 * 2 ** 20, bytesMs: 5 })
})
