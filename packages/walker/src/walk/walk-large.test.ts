import { describe, expect, test } from 'vitest'
import type { Mount } from '../mounts/mount.ts'
import { type MemoryFile, memoryMount, memoryTree, type RecordedMount, recorded, until } from '../testing/index.ts'
import type { WalkOptions } from './options.ts'
import type { WalkPart } from './parts.ts'
import { type Walk, walk } from './walk.ts'

const whole = { headBytes: Number.POSITIVE_INFINITY, chunkBytes: 100, rangeBytes: 300, entries: 'none' } as const

async function walked(mounts: readonly Mount[], options: WalkOptions = {}): Promise<Walk> {
  const under = walk(mounts, { ...whole, ...options })
  await under.done
  return under
}

const mountsOver = (size: number | MemoryFile, ...names: string[]): RecordedMount[] =>
  names.map((name) => recorded(memoryMount({ name, tree: memoryTree({ f: size }) })))

const reads = (mount: RecordedMount | undefined): [offset: number, length: number][] =>
  (mount?.calls ?? [])
    .filter(({ operation }) => operation === 'read')
    .map(({ offset = 0, length = 0 }): [number, number] => [offset, length])
    .toSorted(([a], [b]) => a - b)

describe('a file of several chunks', () => {
  test('is read in chunks through every mount, and counts once', async () => {
    const mounts = mountsOver(350, 'one', 'two')
    const { counters } = await walked(mounts)
    expect(counters).toMatchObject({ files: 1, bytes: 350 })
    expect(counters.mounts).toMatchObject({
      one: { files: 1, bytes: 350, failures: 0 },
      two: { files: 1, bytes: 350, failures: 0 },
    })
    const chunks = [
      [0, 100],
      [100, 100],
      [200, 100],
      [300, Number.POSITIVE_INFINITY],
    ]
    expect(mounts.map(reads)).toEqual([chunks, chunks])
  })

  test('begins its chunks at one mount after the other', async () => {
    const mounts = mountsOver(350, 'one', 'two')
    await walked(mounts, { through: 'spread' })
    const [one, two] = mounts.map(reads)
    expect(one?.map(([offset]) => offset)).toHaveLength(2)
    expect(two?.map(([offset]) => offset)).toHaveLength(2)
    const offsets = [...(one ?? []), ...(two ?? [])].map(([offset]) => offset)
    expect(offsets.toSorted((a, b) => a - b)).toEqual([0, 100, 200, 300])
  })

  test('is planned at once where the listing told its size', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: memoryTree({ f: 350 }) }))
    mount.hold(({ operation }) => operation === 'read')
    const under = walk([mount], whole)
    await until(() => mount.held === 4)
    mount.release()
    await under.done
    expect(under.counters).toMatchObject({ files: 1, bytes: 350 })
  })

  test('is planned after its first chunk where nothing told its size', async () => {
    const mount = mountsOver(350, 'm').map(withoutSizes)[0]
    mount?.hold(({ operation }) => operation === 'read')
    const under = walk(mount ? [mount] : [], whole)
    await until(() => mount?.held === 1)
    mount?.release()
    await until(() => mount?.held === 3)
    mount?.release()
    await under.done
    expect(under.counters).toMatchObject({ files: 1, bytes: 350 })
    expect(reads(mount)).toEqual([
      [0, 100],
      [100, 100],
      [200, 100],
      [300, Number.POSITIVE_INFINITY],
    ])
  })

  test.for([
    [50, [[0, 50]]],
    [100, [[0, 100]]],
    [
      250,
      [
        [0, 100],
        [100, 100],
        [200, 50],
      ],
    ],
    [
      350,
      [
        [0, 100],
        [100, 100],
        [200, 100],
        [300, 50],
      ],
    ],
    [
      900,
      [
        [0, 100],
        [100, 100],
        [200, 100],
        [300, 600],
      ],
    ],
  ] as const)('is read no further than headBytes %i', async ([headBytes, expected]) => {
    const mounts = mountsOver(350, 'm')
    const { counters } = await walked(mounts, { headBytes })
    expect(reads(mounts[0])).toEqual(expected)
    expect(counters).toMatchObject({ files: 1, bytes: Math.min(350, headBytes) })
  })

  test('that grows is read to its new end by the last chunk', async () => {
    const file = { kind: 'file' as const, size: 350 }
    const mounts = mountsOver(file, 'm')
    const [mount] = mounts
    mount?.hold(({ offset }) => offset === 300)
    const under = walk(mounts, whole)
    await until(() => mount?.held === 1)
    file.size = 1_000
    mount?.release()
    await under.done
    expect(under.counters).toMatchObject({ files: 1, bytes: 1_000, failures: {} })
  })

  test('that was small when it was listed is read to its end', async () => {
    const file = { kind: 'file' as const, size: 50 }
    const mounts = mountsOver(file, 'm')
    const [mount] = mounts
    mount?.hold(({ offset }) => offset === 0)
    const under = walk(mounts, whole)
    await until(() => mount?.held === 1)
    file.size = 1_000
    mount?.release()
    await under.done
    expect(under.counters).toMatchObject({ files: 1, bytes: 1_000, failures: {} })
  })

  test('that shrinks is read to where it ends now', async () => {
    const file = { kind: 'file' as const, size: 350 }
    const mounts = mountsOver(file, 'm')
    const [mount] = mounts
    mount?.hold(({ offset = 0 }) => offset >= 100)
    const under = walk(mounts, whole)
    await until(() => mount?.held === 3)
    file.size = 120
    mount?.release()
    await under.done
    expect(under.counters).toMatchObject({ files: 1, bytes: 120, failures: {} })
  })

  test('that vanishes is a failure of each mount, once', async () => {
    const nodes = new Map([['f', { kind: 'file' as const, size: 350 }]])
    const tree = { kind: 'directory' as const, entries: () => nodes, entry: (name: string) => nodes.get(name) }
    const mount = recorded(memoryMount({ name: 'm', tree }))
    mount.hold(({ offset = 0 }) => offset >= 100)
    const under = walk([mount], whole)
    await until(() => mount.held === 3)
    nodes.clear()
    mount.release()
    await under.done
    expect(under.counters).toMatchObject({ files: 0, bytes: 0, failures: { NOT_FOUND: 1 } })
    expect(under.takeFailures()).toMatchObject([{ path: '/f', mount: 'm', code: 'NOT_FOUND' }])
  })

  test('is read on through the others when one mount fails in the middle', async () => {
    const good = memoryMount({ name: 'good', tree: memoryTree({ f: 350 }) })
    const inner = memoryMount({ name: 'bad', tree: memoryTree({ f: 350 }) })
    const bad: Mount = {
      ...inner,
      read: async (file, options) =>
        options.offset === 100 ? Promise.reject(new Error('no')) : inner.read(file, options),
    }
    const under = await walked([good, bad], { concurrency: 1 })
    expect(under.counters).toMatchObject({ files: 0, bytes: 0, failures: { OTHER: 1 } })
    expect(under.counters.mounts['good']).toMatchObject({ files: 1, bytes: 350, failures: 0 })
    expect(under.counters.mounts['bad']).toMatchObject({ failures: 1, bytes: 0 })
  })

  test('without a readable chunk is one failure of each mount', async () => {
    const mounts = ['one', 'two'].map((name) =>
      memoryMount({
        name,
        tree: memoryTree({ f: 350 }),
        faults: (operation) => (operation === 'read' ? 'STALE' : undefined),
      }),
    )
    const under = await walked(mounts.map(withoutSizes))
    expect(under.counters.failures).toEqual({ STALE: 2 })
  })
})

describe('a range', () => {
  const range = (offset: number, length?: number, ordinal = 0): WalkPart => ({
    kind: 'range',
    path: '/f',
    offset,
    length,
    ordinal,
  })

  test('at offset 0 counts the file, others count bytes alone', async () => {
    const first = await walked(mountsOver(350, 'm'), { parts: [range(0, 200)] })
    const second = await walked(mountsOver(350, 'm'), { parts: [range(200, 100)] })
    const last = await walked(mountsOver(350, 'm'), { parts: [range(300)] })
    expect([first, second, last].map(({ counters }) => [counters.files, counters.bytes])).toEqual([
      [1, 200],
      [0, 100],
      [0, 50],
    ])
    expect([first, second, last].map(({ counters }) => counters.mounts['m']?.files)).toEqual([1, 0, 0])
  })

  test('is not cut by headBytes', async () => {
    const { counters } = await walked(mountsOver(350, 'm'), { parts: [range(100, 200)], headBytes: 1 })
    expect(counters.bytes).toBe(200)
  })

  test('beyond the end of the file is no failure', async () => {
    const { counters } = await walked(mountsOver(350, 'm'), { parts: [range(5_000), range(6_000, 10)] })
    expect(counters).toMatchObject({ files: 0, bytes: 0, failures: {} })
  })

  test('begins at the mount that its ordinal turns to', async () => {
    const first = async (ordinal: number): Promise<string | undefined> => {
      const mounts = mountsOver(350, 'one', 'two', 'three')
      await walked(mounts, { parts: [range(0, 100, ordinal)], through: 'spread' })
      return mounts.find((mount) => reads(mount).length > 0)?.name
    }
    const firsts = [await first(0), await first(1), await first(2), await first(3)]
    expect(new Set(firsts.slice(0, 3))).toEqual(new Set(['one', 'two', 'three']))
    expect(firsts[3]).toBe(firsts[0])
  })

  test('is cut out of a pending file, and the ranges make the whole', async () => {
    const mount = mountsOver(1_000, 'm')[0] as RecordedMount
    mount.hold(({ operation }) => operation === 'read')
    const under = walk([mount], { ...whole, concurrency: 1 })
    await until(() => mount.held === 1)
    const taken = under.take(2)
    expect(taken).toEqual([
      { part: { kind: 'range', path: '/f', offset: 400, length: 300, ordinal: 1 }, scope: undefined },
      { part: { kind: 'range', path: '/f', offset: 700, length: undefined, ordinal: 2 }, scope: undefined },
    ])
    mount.hold(undefined)
    mount.release()
    await under.done
    expect(under.counters).toMatchObject({ files: 1, bytes: 400 })
    const others = await walked(mountsOver(1_000, 'm'), { parts: taken.map(({ part }) => part) })
    expect(others.counters).toMatchObject({ files: 0, bytes: 600 })
  })

  test('is not given back when all of the file was in flight', async () => {
    const mount = mountsOver(1_000, 'm')[0] as RecordedMount
    mount.hold(({ offset }) => offset === 100)
    const under = walk([mount], { ...whole, concurrency: 2 })
    await until(() => mount.held === 1)
    await until(() => reads(mount).length === 10)
    mount.hold(undefined)
    under.stop()
    mount.release()
    await under.done
    expect(under.counters).toMatchObject({ files: 1, bytes: 1_000 })
    expect(under.rest()).toEqual([])
  })

  test('given back has what was begun and not done', async () => {
    const mounts = mountsOver(1_000, 'one', 'two')
    for (const mount of mounts) mount.hold(({ offset = 0 }) => offset >= 200)
    const under = walk(mounts, { ...whole, concurrency: 2 })
    await until(() => mounts.reduce((sum, { held }) => sum + held, 0) === 2)
    under.stop()
    for (const mount of mounts) mount.release()
    await under.done
    // What was in flight came to its end, but not through both mounts.
    expect(under.counters).toMatchObject({ files: 1, bytes: 200 })
    expect(under.rest()).toEqual([
      { kind: 'range', path: '/f', offset: 200, length: 300, ordinal: 0 },
      { kind: 'range', path: '/f', offset: 500, length: 300, ordinal: 1 },
      { kind: 'range', path: '/f', offset: 800, length: undefined, ordinal: 2 },
    ])
  })
})

/** As a folder is: the listing tells names and kinds alone. */
function withoutSizes<T extends Mount>(mount: T): T {
  const list: Mount['list'] = mount.list.bind(mount)
  return Object.assign(mount, {
    async *list(...args: Parameters<Mount['list']>) {
      for await (const page of list(...args))
        yield { ...page, entries: page.entries.map(({ name, kind }) => ({ name, kind })) }
    },
  })
}
