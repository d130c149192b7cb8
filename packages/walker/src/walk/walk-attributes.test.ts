import { describe, expect, test } from 'vitest'
import { manyEntries, memoryMount, memoryTree, recorded } from '../testing/index.ts'
import type { WalkOptions } from './options.ts'
import { FileSample, measureReads } from './sample.ts'
import { walk } from './walk.ts'

const tree = { empty: 0, one: 1, d: { small: 1000, large: 5_000_000, e: { '\udcff': 1023 } } }
const attributesOnly: WalkOptions = { attributesOnly: true, entries: 'none', headBytes: Infinity }

describe('a walk that reads nothing', () => {
  test('finds every file with its size, and opens none', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: memoryTree(tree) }))
    const under = walk([mount], attributesOnly)
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
    const under = walk([memoryMount({ name: 'm', tree: memoryTree(tree) })], { ...attributesOnly, headBytes: 100 })
    await under.done
    expect(under.counters.bytes).toBe(0 + 1 + 100 + 100 + 100)
    expect(under.counters.sizes['23']).toEqual({ files: 1, bytes: 5_000_000 })
  })

  test('through each mount lists each directory through all of them', async () => {
    const mounts = ['one', 'two', 'three'].map((name) => memoryMount({ name, tree: memoryTree(tree) }))
    const under = walk(mounts, { ...attributesOnly, listThrough: 'each' })
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
      const under = walk(mounts, { ...attributesOnly, listThrough: 'each' })
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
    const under = walk(mounts, { ...attributesOnly, listThrough: 'each', parts })
    await under.done
    expect(under.counters).toMatchObject({ files: 2, bytes: 1001, failures: { NOT_FOUND: 2, NOT_A_FILE: 2 } })
    for (const { name } of mounts) expect(under.counters.mounts[name]).toMatchObject({ files: 2, failures: 2 })
  })

  test('samples a few files, the same ones in any order', async () => {
    const wide = { d: manyEntries(500, (at) => ({ kind: 'file', size: at < 400 ? 100 : 1_000_000 })) }
    const sampled = async (listings: number): Promise<readonly { path: string; size: number }[]> => {
      const mount = memoryMount({ name: 'm', tree: memoryTree({ ...wide, e: wide }), pageSize: 7 })
      const under = walk([mount], { ...attributesOnly, sampleFiles: 16, listings })
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
