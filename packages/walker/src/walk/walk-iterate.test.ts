import { describe, expect, test } from 'vitest'
import { manyEntries, memoryMount, memoryTree, recorded, until } from '../testing/index.ts'
import type { WalkEntry } from './entries.ts'
import { walk } from './walk.ts'

const file = { kind: 'file', size: 10 } as const
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function collect(entries: AsyncIterable<WalkEntry>): Promise<WalkEntry[]> {
  const all: WalkEntry[] = []
  for await (const entry of entries) all.push(entry)
  return all
}

describe('iterating', () => {
  test('yields every directory, file and failure', async () => {
    const mounts = ['one', 'two'].map((name) =>
      memoryMount({
        name,
        tree: memoryTree({ a: { f: 3 }, bad: 4, empty: {} }),
        faults: (operation, path) => (operation === 'read' && path === '/bad' && name === 'two' ? 'STALE' : undefined),
      }),
    )
    const entries = await collect(walk(mounts))
    expect(entries).toHaveLength(5)
    expect(entries).toEqual(
      expect.arrayContaining([
        { kind: 'directory', path: '/' },
        { kind: 'directory', path: '/a' },
        { kind: 'directory', path: '/empty' },
        {
          kind: 'file',
          path: '/a/f',
          size: 3,
          modifiedMs: 0,
          bytes: 3,
          complete: true,
          reads: expect.arrayContaining([
            { mount: 'one', bytes: 3, firstMs: expect.any(Number) },
            { mount: 'two', bytes: 3 },
          ]),
        },
        { kind: 'failed', path: '/bad', mount: 'two', error: expect.objectContaining({ code: 'STALE' }) },
      ]),
    )
  })

  test('a directory comes before what is in it', async () => {
    const tree = manyEntries(5, () => manyEntries(5, () => memoryTree({ f: 1, g: 2 }), 'b'), 'a')
    const seen = new Set<string>()
    for (const entry of await collect(walk([memoryMount({ name: 'm', tree })]))) {
      const parent = entry.path.slice(0, Math.max(1, entry.path.lastIndexOf('/')))
      if (entry.path !== '/') expect(seen).toContain(parent)
      if (entry.kind === 'directory') seen.add(entry.path)
    }
    expect(seen.size).toBe(31)
  })

  test('a slow reader holds the walk back', async () => {
    const mount = memoryMount({ name: 'm', tree: manyEntries(10_000, () => file) })
    const entries = walk([mount], { concurrency: 4 })[Symbol.asyncIterator]()
    for (let taken = 1; taken <= 5; taken++) {
      await entries.next()
      await turns(20)
      expect(mount.asked.reads).toBeLessThan(taken + 10)
    }
    expect(mount.asked.mostReadsAtOnce).toBeLessThanOrEqual(4)
    await entries.return?.()
  })

  test('without a caller who pulls, the walk soon pauses', async () => {
    const mount = memoryMount({ name: 'm', tree: manyEntries(1_000, () => memoryTree({ f: 1 }), 'd') })
    const under = walk([mount], { concurrency: 8, listings: 4 })
    await turns(100)
    const { lists, reads } = mount.asked
    expect(lists + reads).toBeLessThan(30)
    await turns(100)
    expect([mount.asked.lists, mount.asked.reads]).toEqual([lists, reads])
    expect(await collect(under)).toHaveLength(2_001)
  })

  test('breaking off stops the walk, and waits for what is in flight', async () => {
    const inner = memoryMount({ name: 'm', tree: manyEntries(Number.POSITIVE_INFINITY, () => file) })
    const mount = recorded(inner)
    const under = walk([mount], { concurrency: 2 })
    for await (const entry of under) if (entry.kind === 'file') break
    await under.done
    const reads = inner.asked.reads
    await turns(10)
    expect(inner.asked).toMatchObject({ reads, openListings: 0 })
    expect(under.rest()).toEqual([{ kind: 'tree', path: '/' }])
  })

  test('stop ends the iteration after what was ready', async () => {
    const mount = memoryMount({ name: 'm', tree: manyEntries(100, () => file) })
    const under = walk([mount], { concurrency: 2 })
    const entries: WalkEntry[] = []
    for await (const entry of under) {
      entries.push(entry)
      if (entries.length === 3) under.stop()
    }
    expect(entries.filter(({ kind }) => kind === 'file')).toHaveLength(under.counters.files)
    expect(under.counters.files).toBeLessThan(10)
  })

  test('several may pull at the same time, and each entry comes once', async () => {
    const mount = memoryMount({ name: 'm', tree: manyEntries(200, () => file) })
    const entries = walk([mount], { concurrency: 3 })[Symbol.asyncIterator]()
    const shared = { [Symbol.asyncIterator]: () => ({ next: () => entries.next() }) }
    const both = await Promise.all([collect(shared), collect(shared)])
    expect(new Set(both.flat().map(({ path }) => path)).size).toBe(201)
    expect(both.flat()).toHaveLength(201)
  })

  test('a second iteration throws, and the first one is not disturbed', async () => {
    const under = walk([memoryMount({ name: 'm', tree: manyEntries(200, () => file) })], { concurrency: 3 })
    const first = collect(under)
    expect(() => under[Symbol.asyncIterator]()).toThrow('a second time, expected once')
    expect(await first).toHaveLength(201)
    expect(() => under[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })

  test('an entry says how much of its file was read, through which mount, and how the listing dates it', async () => {
    const tree = memoryTree({ short: { kind: 'file', size: 4, modifiedMs: 7 }, long: 11, empty: 0 })
    const mounts = ['one', 'two'].map((name) => memoryMount({ name, tree }))
    const under = walk(mounts, { headBytes: 10 })
    const files = (await collect(under)).filter(({ kind }) => kind === 'file')
    const reads = (bytes: number) =>
      expect.arrayContaining(['one', 'two'].map((mount) => expect.objectContaining({ mount, bytes })))
    expect(files).toEqual(
      expect.arrayContaining([
        { kind: 'file', path: '/short', size: 4, modifiedMs: 7, bytes: 4, complete: true, reads: reads(4) },
        { kind: 'file', path: '/long', size: 11, modifiedMs: 0, bytes: 10, complete: false, reads: reads(10) },
        { kind: 'file', path: '/empty', size: 0, modifiedMs: 0, bytes: 0, complete: true, reads: reads(0) },
      ]),
    )
    expect(under.counters).toMatchObject({ files: 3, filesInPart: 1, bytes: 14 })
  })

  test('the files of a directory begin by name where that is asked for, small ones and large ones', async () => {
    const names = ['d', 'a', 'C', 'b', 'e']
    const sizes = { small: 5, large: 50 }
    for (const size of Object.values(sizes)) {
      const tree = memoryTree(Object.fromEntries(names.map((name) => [name, size])))
      const mount = recorded(memoryMount({ name: 'm', tree, pageSize: 2 }))
      await walk([mount], { sorted: true, headBytes: Infinity, chunkBytes: 10, concurrency: 1 }).done
      const begun = mount.calls.filter(({ operation, offset }) => operation === 'read' && offset === 0)
      expect(begun.map(({ path }) => path)).toEqual(['/C', '/a', '/b', '/d', '/e'])
    }
  })

  test.for([
    [34, true],
    [35, false],
    [1_000, false],
  ] as const)('of a file of %i bytes, wanted up to 34 in chunks of 10, complete is %s', async ([size, complete]) => {
    const options = { headBytes: 34, chunkBytes: 10 }
    for (const parts of [undefined, [{ kind: 'files', directory: '/', names: ['f'] }] as const]) {
      const under = walk([memoryMount({ name: 'm', tree: memoryTree({ f: size }) })], {
        ...options,
        ...(parts && { parts }),
      })
      const entries = (await collect(under)).filter(({ kind }) => kind === 'file')
      expect(entries).toMatchObject([{ path: '/f', size, bytes: 34, complete }])
      expect(under.counters.filesInPart).toBe(complete ? 0 : 1)
    }
  })

  test('a large file is one entry, a range that does not begin it none', async () => {
    const mount = memoryMount({ name: 'm', tree: memoryTree({ f: 35 }) })
    const whole = { headBytes: Number.POSITIVE_INFINITY, chunkBytes: 10 }
    const parts = [{ kind: 'range', path: '/f', offset: 20, ordinal: 0 }] as const
    expect((await collect(walk([mount], whole))).filter(({ kind }) => kind === 'file')).toEqual([
      {
        kind: 'file',
        path: '/f',
        size: 35,
        modifiedMs: 0,
        bytes: 35,
        complete: true,
        reads: [{ mount: 'm', bytes: 35, firstMs: expect.any(Number) }],
      },
    ])
    expect(await collect(walk([mount], { ...whole, parts }))).toEqual([])
  })

  test('failures are entries, so takeFailures has none', async () => {
    const mount = memoryMount({
      name: 'm',
      tree: memoryTree({ f: 1 }),
      faults: (operation) => (operation === 'read' ? 'IO' : undefined),
    })
    const under = walk([mount])
    expect((await collect(under)).map(({ kind }) => kind)).toEqual(['directory', 'failed'])
    expect(under.takeFailures()).toEqual([])
    expect(under.counters.failures).toEqual({ IO: 1 })
  })

  test('a walk without entries can not be iterated, and says so', async () => {
    const under = walk([memoryMount({ name: 'm', tree: memoryTree({}) })], { entries: 'none' })
    expect(() => under[Symbol.asyncIterator]()).toThrow('entries is "none", expected "all"')
    await under.done
  })

  test('an abort that only the iteration sees is no unhandled rejection', async () => {
    const abort = new AbortController()
    const unhandled: unknown[] = []
    const note = (reason: unknown): number => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const entries = walk([memoryMount({ name: 'm', tree: memoryTree({ f: 1 }) })], { signal: abort.signal })[
      Symbol.asyncIterator
    ]()
    await entries.next()
    abort.abort('no more')
    await expect(entries.next()).rejects.toBe('no more')
    await until(() => true)
    await turns(5)
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})

test('counts at each depth what was listed, and what was found there to enter and to read', async () => {
  const tree = memoryTree({ a: { f: 3, g: 1, skipped: { h: 1 } }, b: { c: { i: 1 } }, j: 1 })
  const yes = (): boolean => true
  const excluded = {
    file: yes,
    size: yes,
    modified: yes,
    needsAttributes: false,
    directory: (_: string, name: string) => name !== 'skipped',
  }
  const started = walk([memoryMount({ name: 'one', tree })], { entries: 'none', filter: excluded })
  await started.done
  expect(started.counters.levels).toEqual({
    0: { listed: 1, directories: 2, files: 1, bytes: 1 },
    1: { listed: 2, directories: 1, files: 2, bytes: 4 },
    2: { listed: 1, directories: 0, files: 1, bytes: 1 },
  })
})
