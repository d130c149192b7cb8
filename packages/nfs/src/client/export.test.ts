import { afterEach, describe, expect, test } from 'vitest'
import type { ListPosition } from '../listing/listing.ts'
import { mountExport } from '../mount/mount-export.ts'
import type { MountOptions } from '../mount/options.ts'
import type { FileHandle } from '../nfs3/objects.ts'
import {
  directory,
  file,
  generated,
  link,
  type NfsServer,
  type NfsServerOptions,
  patternByte,
  special,
  startNfsServer,
} from '../testing/index.ts'
import { HandleCache, type NfsExport } from './export.ts'

const mib = 1_048_576
const tree = directory({
  scene: directory({
    'a.txt': file('hello'),
    'naïve \n"': file(''),
    'broken\udcff': file('x', { mode: 0o600, uid: 5, gid: 6, modifiedMs: 1_234_567_890_500 }),
    to: link('../scene/a.txt'),
    pipe: special('fifo'),
    deeper: directory({ still: directory({ leaf: file(10) }) }),
  }),
  many: generated(10_000, 'f', (index) => file(index)),
  big: file(5n * 2n ** 40n),
  medium: file(3 * mib + 17),
})

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

/** A server and an export of it, both closed after the test. */
async function setUp(
  server: Partial<NfsServerOptions> = {},
  mount: Partial<MountOptions> = {},
): Promise<{ server: NfsServer; mounted: NfsExport }> {
  const running = await startNfsServer({ tree, ...server })
  open.push(running)
  const mounted = await mountExport({ ...running.address, ...mount })
  open.push(mounted)
  return { server: running, mounted }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const handleOf = async (mounted: NfsExport, path: string): Promise<FileHandle> => (await mounted.resolve(path)).handle

describe('an export', () => {
  test('knows what the server can do, and makes no call more than needed to find out', async () => {
    const { mounted, server } = await setUp({ rtmax: 65_536, dtpref: 8_192 })
    expect(mounted.info).toEqual({ rtmax: 65_536, rtpref: 65_536, dtpref: 8_192, maxFileSize: 2n ** 63n - 1n })
    expect([mounted.readBytes, mounted.pageBytes]).toEqual([65_536, mib])
    expect(server.calls).toEqual({ MNT: 1, FSINFO: 1 })
  })

  test('gives attributes', async () => {
    const { mounted } = await setUp()
    expect(await mounted.getattr(mounted.root)).toMatchObject({ type: 'directory', mode: 0o755 })
    expect(await mounted.getattr(await handleOf(mounted, '/big'))).toMatchObject({ type: 'file', size: 5n * 2n ** 40n })
    const odd = { type: 'file', size: 1n, mode: 0o600, uid: 5, gid: 6, modifiedMs: 1_234_567_890_500 }
    expect(await mounted.getattr(await handleOf(mounted, '/scene/broken\udcff'))).toMatchObject(odd)
  })

  test('says what may be done, what a link points to, and how full it is', async () => {
    const { mounted } = await setUp()
    expect(await mounted.access(mounted.root, 0x1f)).toMatchObject({ granted: 3, attributes: { type: 'directory' } })
    expect(await mounted.readlink(await handleOf(mounted, '/scene/to'))).toBe('../scene/a.txt')
    await expect(mounted.readlink(mounted.root)).rejects.toMatchObject({ code: 'INVAL' })
    expect(await mounted.fsstat()).toMatchObject({ totalBytes: 2n ** 50n, availableFiles: 800_000n })
    expect(await mounted.fsinfo()).toEqual(mounted.info)
    expect(await mounted.ping()).toBeUndefined()
  })

  test('has one space of handles with every other opening of it, and none with another export', async () => {
    const { mounted, server } = await setUp()
    const again = await mountExport(server.address)
    const other = await mountExport({ ...server.address, exportPath: '/export/scene' })
    open.push(again, other)
    expect([again.handleSpace === mounted.handleSpace, other.handleSpace === mounted.handleSpace]).toEqual([
      true,
      false,
    ])
    expect((await again.read(await handleOf(mounted, '/scene/a.txt'), 0, 10)).count).toBe(5)
    const { mounted: stranger } = await setUp({ generation: 2 })
    expect(stranger.handleSpace).not.toBe(mounted.handleSpace)
    await expect(stranger.getattr(mounted.root)).rejects.toMatchObject({ code: 'STALE' })
  })

  test('counts what it does', async () => {
    const { mounted } = await setUp()
    const handle = await handleOf(mounted, '/scene/a.txt')
    await mounted.read(handle, 0, 100)
    const { procedures, ...totals } = mounted.stats
    expect(
      Object.fromEntries(Object.entries(procedures).map(([name, { calls, replies }]) => [name, [calls, replies]])),
    ).toEqual({
      FSINFO: [1, 1],
      LOOKUP: [2, 2],
      READ: [1, 1],
    })
    expect(totals).toMatchObject({ calls: 4, retransmissions: 0, timeouts: 0, reconnects: 0, jukeboxes: 0, strays: 0 })
    expect(procedures['READ']?.maxLatencyMs).toBeGreaterThan(0)
    expect([totals.bytesIn > 300, totals.bytesOut > 300]).toEqual([true, true])
  })

  test('tells the server when it closes, and makes no call after', async () => {
    const { mounted, server } = await setUp()
    await Promise.all([mounted.close(), mounted.close()])
    expect(server.calls).toMatchObject({ UMNT: 1 })
    await expect(mounted.ping()).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('spreads calls over its connections', async () => {
    const { mounted, server } = await setUp({ latencyMs: 20 }, { connections: 4 })
    const connections = new Map<number, number>()
    server.fault = ({ connection }) => {
      connections.set(connection, (connections.get(connection) ?? 0) + 1)
      return undefined
    }
    await Promise.all(Array.from({ length: 40 }, () => mounted.ping()))
    expect([...connections.values()]).toEqual([10, 10, 10, 10])
  })

  test('makes long READs on connections of their own if asked, and closes them too', async () => {
    const { mounted, server } = await setUp({ latencyMs: 20 }, { longReadConnections: 2 })
    const handle = await handleOf(mounted, '/big')
    const used: Record<string, number[]> = { short: [], long: [] }
    let kind = 'short'
    server.fault = ({ connection, procedure }) => {
      if (procedure === 'READ') used[kind]?.push(connection)
      return undefined
    }
    await Promise.all([mounted.read(handle, 0, 1_000), mounted.read(handle, 0, 262_143)])
    kind = 'long'
    await Promise.all([0, 1, 2, 3].map((at) => mounted.read(handle, at, 262_144)))
    expect([new Set(used['short']).size, used['short']?.length]).toEqual([1, 2])
    expect([new Set(used['long']).size, used['long']?.length]).toEqual([2, 4])
    expect(used['long']).not.toContain(used['short']?.[0])
    await mounted.close()
    await expect.poll(() => server.connections.open).toBe(0)
  })
})

describe('listing', () => {
  test('gives names, attributes and handles together, in the order of the server, without dots', async () => {
    const { mounted, server } = await setUp()
    const pages = await collect(mounted.list(await handleOf(mounted, '/scene')))
    expect(pages).toHaveLength(1)
    expect(pages[0]?.entries.map(({ name, attributes }) => [name, attributes?.type, attributes?.size])).toEqual([
      ['a.txt', 'file', 5n],
      ['naïve \n"', 'file', 0n],
      ['broken\udcff', 'file', 1n],
      ['to', 'symlink', 14n],
      ['pipe', 'fifo', 0n],
      ['deeper', 'directory', 4096n],
    ])
    expect(await mounted.read(pages[0]?.entries[0]?.handle as FileHandle, 0, 10)).toEqual({
      count: 5,
      eof: true,
      size: 5n,
    })
    expect(server.calls).toMatchObject({ READDIRPLUS: 1, READ: 1 })
  })

  test.each([4_096, 65_536, mib])('of 10,000 names in pages of %i bytes has each once', async (pageBytes) => {
    const { mounted } = await setUp({ pageBytes })
    const names: string[] = []
    for await (const page of mounted.list(await handleOf(mounted, '/many')))
      names.push(...page.entries.map(({ name }) => name))
    expect(names).toEqual(Array.from({ length: 10_000 }, (_, index) => `f${index}`))
  })

  test('resumes where a page ended, later and on another mount', async () => {
    const { mounted, server } = await setUp({ pageBytes: 8_192 })
    const many = await handleOf(mounted, '/many')
    const first = await mounted.readdirplus(many)
    const other = await mountExport(server.address)
    open.push(other)
    const next = await other.readdirplus(many, { cookie: first.cookie, cookieVerifier: first.cookieVerifier })
    expect(next.entries[0]?.name).toBe(`f${first.entries.length}`)
    const rest = await collect(other.list(many, { from: first }))
    expect(rest.reduce((sum, page) => sum + page.entries.length, 0)).toBe(10_000 - first.entries.length)
  })

  test('falls back to names alone where the server does no more', async () => {
    const { mounted, server } = await setUp({ readdirplus: false, pageBytes: 65_536 })
    const pages = await collect(mounted.list(await handleOf(mounted, '/many')))
    expect(pages.flatMap((page) => page.entries)).toHaveLength(10_000)
    expect(pages[0]?.entries[0]).toMatchObject({ name: 'f0', attributes: undefined, handle: undefined })
    expect(server.calls).toMatchObject({ READDIRPLUS: 1, READDIR: pages.length })
    await collect(mounted.list(mounted.root))
    expect(server.calls).toMatchObject({ READDIRPLUS: 1, READDIR: pages.length + 1 })
  })

  test('works without the attributes that a server may leave out', async () => {
    const { mounted } = await setUp({ attributes: false })
    const [page] = await collect(mounted.list(await handleOf(mounted, '/scene')))
    expect(page?.entries[0]).toMatchObject({ name: 'a.txt', attributes: undefined, handle: expect.any(String) })
    expect(await mounted.read(page?.entries[0]?.handle as FileHandle, 0, 10)).toEqual({
      count: 5,
      eof: true,
      size: undefined,
    })
  })

  test('that the server can not continue starts over if it began here; else it is BAD_COOKIE', async () => {
    const { mounted, server } = await setUp({ pageBytes: 8_192 })
    const many = await handleOf(mounted, '/many')
    const pages = mounted.list(many)
    const { value: first } = await pages.next()
    server.makeCookiesStale()
    const rest = await collect(pages)
    const names = [first, ...rest].flatMap((page) => page?.entries.map(({ name }) => name) ?? [])
    expect(names.toSorted()).toEqual(Array.from({ length: 10_000 }, (_, index) => `f${index}`).toSorted())
    await expect(mounted.list(many, { from: first?.next as ListPosition }).next()).rejects.toMatchObject({
      code: 'BAD_COOKIE',
    })
  })

  test.each([
    ['to the top', { beginAt: (index: number) => (index >= 9_000 ? 0 : index) }],
    ['without an end', { beginAt: (index: number) => (index >= 9_000 ? 10_000 : index), endless: () => true }],
    [
      'in circles, with cookies that are new each time',
      { beginAt: (index: number) => index % 9_000, freshCookies: true },
    ],
  ])('that leads %s ends, with each name once', async (_what, odd) => {
    const { mounted } = await setUp({ odd: { entriesPerPage: 1_000, ...odd } })
    const names: string[] = []
    const all = async (): Promise<void> => {
      for await (const { entries } of mounted.list(await handleOf(mounted, '/many')))
        for (const { name } of entries) names.push(name)
    }
    await expect(all()).rejects.toMatchObject({ code: 'LISTING_LOOPS', message: expect.stringContaining('9,') })
    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBeGreaterThanOrEqual(9_000)
  })

  test('that names what no directory holds gives the others', async () => {
    const odd = { nameOf: (name: string) => (name === 'a.txt' ? Buffer.from('../etc') : undefined) }
    const { mounted } = await setUp({ odd })
    const [page] = await collect(mounted.list(await handleOf(mounted, '/scene')))
    expect(page?.refused).toEqual([{ name: '../etc', reason: 'the name has a slash in it' }])
    expect(page?.entries).toHaveLength(5)
  })

  test('asks for a page only when it is wanted', async () => {
    const { mounted, server } = await setUp({ pageBytes: 4_096 })
    for await (const page of mounted.list(await handleOf(mounted, '/many'))) {
      expect(page.eof).toBe(false)
      break
    }
    expect(server.calls['READDIRPLUS']).toBe(1)
  })

  test('of a file is NOTDIR', async () => {
    const { mounted } = await setUp()
    await expect(mounted.readdir(await handleOf(mounted, '/big'))).rejects.toMatchObject({ code: 'NOTDIR' })
  })
})

describe('resolving a path', () => {
  test('tells the directories on the way, looked up now or remembered, and makes no call for it', async () => {
    const { mounted, server } = await setUp()
    const first = await mounted.resolve('/scene/deeper/still/leaf')
    const again = await mounted.resolve('/scene/deeper/still/leaf')
    expect(server.calls['LOOKUP']).toBe(5)
    const ways = [first, again].map((found) => found.above().map(({ handle }) => handle))
    const handles = await Promise.all(
      ['/', '/scene', '/scene/deeper', '/scene/deeper/still'].map((path) => handleOf(mounted, path)),
    )
    expect(ways).toEqual([handles, handles])
    expect(first.above().map(({ attributes }) => attributes?.type)).toEqual(Array(4).fill('directory'))
    expect((await mounted.resolve('/')).above()).toEqual([])
  })

  test('tells them where nothing is remembered', async () => {
    const { mounted } = await setUp({}, { cachedDirectories: 0 })
    expect((await mounted.resolve('/scene/deeper/still')).above()).toHaveLength(3)
  })
})

describe('reading', () => {
  test('brings bytes to who wants them, also far beyond 32 bits', async () => {
    const { mounted } = await setUp()
    const big = await handleOf(mounted, '/big')
    for (const offset of [0, 65_500, 2 ** 32 - 5, 5 * 2 ** 40 - 1_000, 5n * 2n ** 40n - 1_000n]) {
      const into = Buffer.alloc(1_000)
      expect(await mounted.read(big, offset, 1_000, { into })).toEqual({
        count: 1_000,
        eof: Number(offset) > 2 ** 40,
        size: 5n * 2n ** 40n,
      })
      expect([...into]).toEqual(
        Array.from({ length: 1_000 }, (_, index) => patternByte(BigInt(offset) + BigInt(index))),
      )
    }
  })

  test('asks for no more than the server gives at once', async () => {
    const { mounted } = await setUp({ rtmax: 65_536 })
    const medium = await handleOf(mounted, '/medium')
    expect(await mounted.read(medium, 0, Number.POSITIVE_INFINITY)).toMatchObject({ count: 65_536, eof: false })
    const into = Buffer.alloc(200_000)
    expect(await mounted.read(medium, 3 * mib, 200_000, { into })).toMatchObject({ count: 17, eof: true })
    expect(await mounted.read(medium, 2n ** 63n, 10)).toMatchObject({ count: 0, eof: true })
  })

  test.each([0, 1, 20])('many at a time are each answered with their own, with a linger of %i ms', async (lingerMs) => {
    const { mounted } = await setUp({}, { connections: 2, lingerMs })
    const { entries } = await mounted.readdirplus(await handleOf(mounted, '/many'))
    const counts = await Promise.all(
      entries.slice(0, 2_000).map(({ handle }) => mounted.read(handle as FileHandle, 0, 5_000)),
    )
    expect(counts.map(({ count }) => count)).toEqual(Array.from({ length: 2_000 }, (_, index) => index))
  })

  test.each([
    [-1, 10],
    [0.5, 10],
    [2 ** 53, 10],
    [-1n, 10],
    [0, -1],
    [0, 1.5],
    [0, Number.NaN],
  ])('at %s of %s bytes is refused before anything is sent', async (offset, count) => {
    const { mounted, server } = await setUp()
    await expect(mounted.read(mounted.root, offset, count)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    expect(server.calls['READ']).toBeUndefined()
  })

  test('into a buffer that is too small is refused', async () => {
    const { mounted } = await setUp()
    await expect(mounted.read(mounted.root, 0, 11, { into: Buffer.alloc(10) })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    })
  })

  test.each([
    ['/', 'ISDIR'],
    ['/scene/to', 'INVAL'],
    ['/scene/pipe', 'INVAL'],
  ])('%s is %s', async (path, code) => {
    const { mounted } = await setUp()
    await expect(mounted.read(await handleOf(mounted, path), 0, 1)).rejects.toMatchObject({ code })
  })
})

describe('resolving', () => {
  test('looks up name after name, and remembers directories', async () => {
    const { mounted, server } = await setUp()
    expect(await mounted.resolve('/')).toMatchObject({ handle: mounted.root, attributes: undefined })
    expect((await mounted.resolve('/scene/deeper/still/leaf')).attributes).toMatchObject({ type: 'file', size: 10n })
    expect(server.calls['LOOKUP']).toBe(4)
    await mounted.resolve('scene/deeper/still/leaf/')
    expect(server.calls['LOOKUP']).toBe(5)
    await mounted.resolve('/scene/deeper')
    expect(server.calls['LOOKUP']).toBe(6)
  })

  test('a handle that went stale is looked up again, from the root on', async () => {
    const { mounted, server } = await setUp()
    await mounted.resolve('/scene/deeper/still/leaf')
    server.fault = ({ procedure, nth }) =>
      procedure === 'LOOKUP' && nth === 5 ? { kind: 'status', status: 'STALE' } : undefined
    expect((await mounted.resolve('/scene/deeper/still/leaf')).attributes).toMatchObject({ size: 10n })
    expect(server.calls['LOOKUP']).toBe(9)
  })

  test('a root that went stale is STALE', async () => {
    const { mounted, server } = await setUp()
    server.makeHandlesStale()
    await expect(mounted.resolve('/scene')).rejects.toMatchObject({ code: 'STALE' })
    await expect(mounted.getattr(mounted.root)).rejects.toMatchObject({ code: 'STALE' })
  })

  test.each([
    ['/nothing', 'NOENT'],
    ['/scene/a.txt/below', 'NOTDIR'],
    [`/${'n'.repeat(256)}`, 'NAMETOOLONG'],
    ['/scene/../big', 'OPTION_INVALID'],
    ['/./big', 'OPTION_INVALID'],
    ['/a\0b', 'OPTION_INVALID'],
    ['/\ud800', 'OPTION_INVALID'],
  ])('%j is %s', async (path, code) => {
    const { mounted } = await setUp()
    await expect(mounted.resolve(path)).rejects.toMatchObject({ code })
  })

  test('links are not followed', async () => {
    const { mounted } = await setUp()
    expect((await mounted.resolve('/scene/to')).attributes?.type).toBe('symlink')
  })
})

const fill = (cache: HandleCache, paths: readonly string[]) => {
  for (const path of paths) cache.set(path, { handle: path as FileHandle, attributes: undefined })
}
const known = (cache: HandleCache, paths: readonly string[]) => paths.filter((path) => cache.get(path)?.handle === path)

test('the least recently used handle is forgotten first', () => {
  const cache = new HandleCache(3)
  fill(cache, ['/a', '/b', '/c'])
  cache.get('/a')
  fill(cache, ['/d', '/c'])
  expect(known(cache, ['/a', '/b', '/c', '/d'])).toEqual(['/a', '/c', '/d'])
})

test('with a path everything below it is forgotten, and nothing else', () => {
  const cache = new HandleCache(10)
  const paths = ['/a', '/a/b', '/a/b/c', '/a/bc', '/ab']
  fill(cache, paths)
  cache.forget('/a/b')
  expect(known(cache, paths)).toEqual(['/a', '/a/bc', '/ab'])
  cache.forget('')
  expect(known(cache, paths)).toEqual([])
})

test('without room nothing is remembered', () => {
  const cache = new HandleCache(0)
  fill(cache, ['/a'])
  expect(cache.get('/a')).toBeUndefined()
})
