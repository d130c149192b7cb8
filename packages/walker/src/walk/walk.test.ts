import { describe, expect, test } from 'vitest'
import type { Mount } from '../mounts/mount.ts'
import { manyEntries, memoryMount, memoryTree, recorded, type TreeLiteral, until } from '../testing/index.ts'
import type { WalkEntry } from './entries.ts'
import { defaultFilter, type WalkFilter, type WalkOptions } from './options.ts'
import { type Walk, walk } from './walk.ts'

const tree: TreeLiteral = {
  a: { 'x.jpg': 100, 'y.jpg': 200_000, b: { 'z.txt': 7 } },
  'top.txt': 5,
  empty: {},
  '.snapshot': { old: 1 },
}
const mountsOver = (literal: TreeLiteral, ...names: string[]): Mount[] =>
  names.map((name) => memoryMount({ name, tree: memoryTree(literal) }))

async function walked(mounts: readonly Mount[], options: WalkOptions = {}): Promise<Walk> {
  const under = walk(mounts, { entries: 'none', ...options })
  await under.done
  return under
}

describe('what is read', () => {
  test('without options: the head of every file, through each mount', async () => {
    const { counters } = await walked(mountsOver(tree, 'one', 'two'))
    expect(counters).toMatchObject({
      directories: 4,
      files: 4,
      bytes: 100 + 65_536 + 7 + 5,
      entriesSkipped: 1,
      leftOut: { '.snapshot': 1 },
      specialSkipped: 0,
      failures: {},
      mounts: { one: { files: 4, bytes: 65_648, failures: 0 }, two: { files: 4, bytes: 65_648, failures: 0 } },
      inFlight: 0,
    })
  })

  test('spread: each file through one mount, and all mounts have their share', async () => {
    const flat = { d: manyEntries(300, () => ({ kind: 'file', size: 10 })) }
    const { counters } = await walked(mountsOver(flat, 'one', 'two', 'three'), { through: 'spread' })
    const shares = Object.values(counters.mounts)
    expect(counters).toMatchObject({ files: 300, bytes: 3_000 })
    expect(shares.reduce((sum, { files }) => sum + files, 0)).toBe(300)
    for (const { files, bytes } of shares) {
      expect(files).toBeGreaterThan(50)
      expect(bytes).toBe(files * 10)
    }
  })

  test('each: first through one mount alone, and only when that is done through the others', async () => {
    const mounts = mountsOver({ f: 10 }, 'one', 'two', 'three').map(recorded)
    for (const mount of mounts) mount.hold(({ operation }) => operation === 'read')
    const under = walk(mounts, { entries: 'none' })
    const held = (): number => mounts.reduce((sum, mount) => sum + mount.held, 0)
    await until(() => held() === 1)
    mounts.find((mount) => mount.held > 0)?.release()
    await until(() => held() === 2)
    for (const mount of mounts) mount.release()
    await under.done
    expect(mounts.map(({ calls }) => calls.filter(({ operation }) => operation === 'read').length)).toEqual([1, 1, 1])
  })

  test('listings are spread over the mounts too, each directory once', async () => {
    const wide = { d: manyEntries(60, () => memoryTree({ f: 1 }), 'd') }
    const mounts = ['one', 'two', 'three'].map((name) => memoryMount({ name, tree: memoryTree(wide) }))
    const { counters } = await walked(mounts)
    expect(counters.directories).toBe(62)
    expect(mounts.reduce((sum, { asked }) => sum + asked.lists, 0)).toBe(62)
    for (const { asked } of mounts) expect(asked.lists).toBeGreaterThan(5)
  })

  test('listThrough each: every directory is listed through every mount', async () => {
    const mounts = ['one', 'two'].map((name) => memoryMount({ name, tree: memoryTree(tree) }))
    const { counters } = await walked(mounts, { listThrough: 'each' })
    expect(counters).toMatchObject({ directories: 4, files: 4 })
    expect(mounts.map(({ asked }) => asked.lists)).toEqual([4, 4])
  })

  test('devices, FIFOs, sockets and links are counted and left alone', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: memoryTree({ fifo: { kind: 'other' }, link: '/f', f: 3 }) }))
    const { counters } = await walked([mount])
    expect(counters).toMatchObject({ files: 1, specialSkipped: 2, failures: {} })
    expect(mount.calls.filter(({ operation }) => operation === 'read').map(({ path }) => path)).toEqual(['/f'])
  })

  test('a listing that was given handles passes them to the mounts that understand them', async () => {
    const memory = memoryTree({ f: 3 })
    const seen: [mount: string, handle: unknown][] = []
    const mount = (name: string, handleSpace: string | undefined): Mount => {
      const inner = memoryMount({ name, tree: memory })
      return {
        ...inner,
        handleSpace,
        async *list(target, options) {
          for await (const page of inner.list(target, options))
            yield { ...page, entries: page.entries.map((entry) => ({ ...entry, handle: `handle of ${name}` })) }
        },
        read(target, options) {
          seen.push([name, target.handle])
          return inner.read(target, options)
        },
      }
    }
    await walked([mount('one', 'same'), mount('two', 'same'), mount('three', undefined)])
    const byName = Object.fromEntries(seen)
    expect(byName['one']).toBe(byName['two'])
    // The root is listed by one mount: either the two that share a space got its handle, or the third one alone.
    expect([byName['one'] === undefined, byName['three'] === undefined].filter(Boolean)).toHaveLength(1)
  })
})

describe('the filter', () => {
  const filter = (rules: Partial<WalkFilter>): WalkFilter => ({ ...defaultFilter, ...rules })

  test('decides by name before anything is asked, and prunes directories', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: memoryTree(tree) }))
    const { counters } = await walked([mount], {
      filter: filter({ file: (_, name) => name.endsWith('.jpg'), directory: (path) => path !== '/a/b' }),
    })
    // /a/b, /top.txt, and the file in .snapshot, which only the default filter knows of.
    expect(counters).toMatchObject({ files: 2, entriesSkipped: 3 })
    expect(mount.calls.map(({ path }) => path)).not.toContain('/a/b')
  })

  test('gets whole paths within the export', async () => {
    const asked: string[][] = []
    const note = (path: string, name: string): boolean => asked.push([path, name]) > 0
    await walked(mountsOver({ a: { b: { f: 1 } } }, 'm'), { filter: filter({ file: note, directory: note }) })
    expect(asked).toEqual([
      ['/a', 'a'],
      ['/a/b', 'b'],
      ['/a/b/f', 'f'],
    ])
  })

  test('decides by size and time when it needs them', async () => {
    const nodes = memoryTree({
      small: 5,
      large: 500,
      old: { kind: 'file', size: 500, modifiedMs: 10 },
      fresh: { kind: 'file', size: 500, modifiedMs: 99 },
    })
    const { counters } = await walked([memoryMount({ name: 'm', tree: nodes })], {
      filter: filter({ needsAttributes: true, size: (bytes) => bytes > 100, modified: (ms) => ms > 50 }),
    })
    expect(counters).toMatchObject({ files: 1, entriesSkipped: 3 })
  })
})

describe('failures', () => {
  const failing = (name: string, path: string): Mount =>
    memoryMount({
      name,
      tree: memoryTree({ d: { good: 1, bad: 2 } }),
      faults: (operation, at) => (operation === 'read' && at === path ? 'IO' : undefined),
    })

  test('a file that one mount did not read is a failure of that mount, and not read', async () => {
    const under = await walked([failing('one', '/d/bad'), failing('two', '')])
    expect(under.counters).toMatchObject({ files: 1, bytes: 1, failures: { IO: 1 } })
    expect(under.counters.mounts).toMatchObject({
      one: { files: 1, bytes: 1, failures: 1 },
      two: { files: 2, bytes: 3, failures: 0 },
    })
    expect(under.takeFailures()).toEqual([
      { path: '/d/bad', mount: 'one', code: 'IO', message: '/d/bad: read fails with IO' },
    ])
    expect(under.takeFailures()).toEqual([])
  })

  test('a file that no mount read is a failure of each', async () => {
    const under = await walked([failing('one', '/d/bad'), failing('two', '/d/bad')])
    expect(under.counters).toMatchObject({ files: 1, failures: { IO: 2 } })
    expect(under.takeFailures().map(({ mount }) => mount)).toEqual(expect.arrayContaining(['one', 'two']))
  })

  test('what a mount throws that is no WalkError is one of code OTHER, with the original as its cause', async () => {
    const original = new TypeError('oops')
    const mount: Mount = {
      ...memoryMount({ name: 'm', tree: memoryTree({ f: 1 }) }),
      read: () => Promise.reject(original),
    }
    const entries: WalkEntry[] = []
    for await (const entry of walk([mount])) entries.push(entry)
    expect(entries).toContainEqual({
      kind: 'failed',
      path: '/f',
      mount: 'm',
      error: expect.objectContaining({ code: 'OTHER', message: 'oops', cause: original }),
    })
  })

  test('a directory that its mount can not list is listed through another', async () => {
    const mounts = ['one', 'two', 'three'].map((name) =>
      memoryMount({
        name,
        tree: memoryTree(tree),
        faults: (operation) => (operation === 'list' && name !== 'three' ? 'MOUNT_DOWN' : undefined),
      }),
    )
    const { counters } = await walked(mounts)
    expect(counters).toMatchObject({ directories: 4, files: 4, failures: {} })
  })

  test('a directory that no mount can list is one failure, and the walk continues', async () => {
    const mounts = ['one', 'two'].map((name) =>
      memoryMount({
        name,
        tree: memoryTree(tree),
        faults: (operation, path) => (operation === 'list' && path === '/a' ? 'TIMEOUT' : undefined),
      }),
    )
    const under = await walked(mounts)
    expect(under.counters).toMatchObject({ directories: 2, files: 1, failures: { TIMEOUT: 1 } })
    expect(under.takeFailures()).toMatchObject([{ path: '/a', mount: undefined, code: 'TIMEOUT' }])
  })

  test('a directory that may not be listed is not tried elsewhere', async () => {
    const mounts = ['one', 'two'].map((name) =>
      memoryMount({
        name,
        tree: memoryTree(tree),
        faults: (operation) => (operation === 'list' ? 'ACCESS_DENIED' : undefined),
      }),
    )
    const { counters } = await walked(mounts)
    expect(counters.failures).toEqual({ ACCESS_DENIED: 1 })
    expect(mounts.reduce((sum, { asked }) => sum + asked.lists, 0)).toBe(1)
  })

  test('more failures than are held are all counted', async () => {
    const bad = memoryMount({
      name: 'm',
      tree: manyEntries(100_500, () => ({ kind: 'file', size: 1 })),
      faults: (operation) => (operation === 'read' ? 'IO' : undefined),
    })
    const under = await walked([bad])
    expect(under.counters.failures).toEqual({ IO: 100_500 })
    expect(under.takeFailures()).toHaveLength(100_000)
  })
})

describe('parts', () => {
  test('a tree may be a file', async () => {
    const { counters } = await walked(mountsOver(tree, 'm'), { parts: [{ kind: 'tree', path: '/a/x.jpg' }] })
    expect(counters).toMatchObject({ directories: 0, files: 1, bytes: 100 })
  })

  test('a tree that is missing is a failure', async () => {
    const under = await walked(mountsOver(tree, 'one', 'two'), { parts: [{ kind: 'tree', path: '/missing' }] })
    expect(under.counters.failures).toEqual({ NOT_FOUND: 1 })
    expect(under.takeFailures()).toMatchObject([{ path: '/missing', code: 'NOT_FOUND' }])
  })

  test('a tree is looked at through another mount when one does not answer', async () => {
    const mounts = ['one', 'two'].map((name) =>
      memoryMount({
        name,
        tree: memoryTree(tree),
        faults: (operation) => (operation === 'stat' && name === 'one' ? 'MOUNT_DOWN' : undefined),
      }),
    )
    for (const path of ['/a', '/empty', '/top.txt']) {
      const { counters } = await walked(mounts, { parts: [{ kind: 'tree', path }] })
      expect(counters.failures).toEqual({})
    }
  })

  test.for([
    ['/link', 'links are not followed'],
    ['/fifo', 'neither a file nor a directory'],
  ] as const)('%s is no tree, and says why', async ([path, message]) => {
    const literal: TreeLiteral = { link: '/f', fifo: { kind: 'other' }, f: 1 }
    const under = await walked(mountsOver(literal, 'm'), { parts: [{ kind: 'tree', path }] })
    expect(under.takeFailures()).toMatchObject([
      { path, code: 'NOT_A_FILE', message: expect.stringContaining(message) },
    ])
  })

  test('a snapshot directory that is named itself is walked', async () => {
    const { counters } = await walked(mountsOver(tree, 'm'), { parts: [{ kind: 'tree', path: '/.snapshot' }] })
    expect(counters).toMatchObject({ directories: 1, files: 1 })
  })

  test('files are read by name without a listing, and without asking the filter again', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: memoryTree(tree) }))
    const { counters } = await walked([mount], {
      parts: [{ kind: 'files', directory: '/a', names: ['x.jpg', 'missing'] }],
      filter: { ...defaultFilter, file: () => false },
    })
    expect(counters).toMatchObject({ directories: 0, files: 1, failures: { NOT_FOUND: 1 } })
    expect(mount.calls.map(({ operation }) => operation)).toEqual(['read', 'read'])
  })

  test('a listing resumes where its part says, and counts its directory at the end', async () => {
    const mount = memoryMount({
      name: 'm',
      tree: memoryTree({ d: manyEntries(10, () => ({ kind: 'file', size: 1 })) }),
      pageSize: 4,
      resumable: true,
    })
    const { counters } = await walked([mount], { parts: [{ kind: 'listing', path: '/d', resume: '1' }] })
    expect(counters).toMatchObject({ directories: 1, files: 6 })
  })

  test('parts are begun in their order', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: memoryTree(tree) }))
    const parts = ['/top.txt', '/a/x.jpg', '/a/b/z.txt'].map((path) => ({ kind: 'tree', path }) as const)
    await walked([mount], { parts, listings: 1 })
    const stats = mount.calls.filter(({ operation }) => operation === 'stat')
    expect(stats.map(({ path }) => path)).toEqual(['/top.txt', '/a/x.jpg', '/a/b/z.txt'])
  })

  test('no parts are no work', async () => {
    const { counters } = await walked(mountsOver(tree, 'm'), { parts: [] })
    expect(counters).toMatchObject({ directories: 0, files: 0, failures: {} })
  })
})

describe('mounts', () => {
  test('at least one', () => {
    expect(() => walk([])).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringContaining('mounts is empty') }),
    )
  })

  test('each with a name of its own', () => {
    expect(() => walk(mountsOver(tree, 'one', 'one'))).toThrow('mounts has "one" twice')
  })

  test('that can read links, where links are to be followed', () => {
    const blind: Mount = memoryMount({ name: 'blind', tree: memoryTree(tree) })
    delete blind.readLink
    expect(() => walk([blind], { symlinks: 'files' })).toThrow('symlinks is "files", but blind can\'t read links')
  })
})
