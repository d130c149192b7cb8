import { mountExport } from '@cachewarmer/nfs'
import {
  directory,
  file,
  link,
  type NfsServerOptions,
  oddFile,
  onCalls,
  special,
  startNfsServer,
  type TreeDirectory,
  type TreeNode,
} from '@cachewarmer/nfs/testing'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { describeMount } from '../../testing/describe-mount.ts'
import type { MemoryDirectory, MemoryFile, MemoryNode } from '../../testing/memory-tree.ts'
import { collect, entryOf, NfsMounts, namesOf, pagesOf, read, signal } from '../../testing/nfs-mounts.ts'
import { walk } from '../../walk/walk.ts'
import type { DirectoryPage, Mount } from '../mount.ts'
import { nfsMount } from './nfs-mount.ts'

function servedFile({
  size,
  gives = size,
  claimsEnd = false,
  perRequest = Number.POSITIVE_INFINITY,
}: MemoryFile): TreeNode {
  const bytes = Number.isSafeInteger(size) ? size : BigInt(size)
  if (gives === size && perRequest === Number.POSITIVE_INFINITY) return file(bytes)
  return oddFile(bytes, (offset, asked) => {
    const count = Math.max(0, Math.min(asked, perRequest, gives - offset))
    return { count, eof: offset + count >= size || (claimsEnd && offset + count >= gives) }
  })
}

/** The tree, as the NFS package's server wants it. */
function served(tree: MemoryDirectory): TreeDirectory {
  const node = (from: MemoryNode): TreeNode => {
    if (from.kind === 'directory') return served(from)
    if (from.kind === 'file') return servedFile(from)
    return from.kind === 'symlink' ? link(from.to) : special('fifo')
  }
  return directory(Object.fromEntries(Array.from(tree.entries(), ([name, from]) => [name, node(from)])))
}

const runner = { afterAll, describe, expect, test }

const onServer =
  (options: Partial<NfsServerOptions> = {}) =>
  async (tree: MemoryDirectory): Promise<{ mount: Mount; dispose: () => Promise<void> }> => {
    const server = await startNfsServer({ tree: served(tree), pageBytes: 16_384, ...options })
    return { mount: await nfsMount({ export: server.address }), dispose: () => server.stop() }
  }

const odd = { odd: true }
describeMount(runner, 'NFS', onServer(), odd)
describeMount(runner, 'NFS without READDIRPLUS', onServer({ readdirplus: false }), odd)
describeMount(runner, 'NFS from a server that leaves attributes out', onServer({ attributes: false }), odd)

const mounts = new NfsMounts()
afterEach(() => mounts.close())
const { serve, mountOf } = mounts

describe('an NFS mount', () => {
  test('does not believe a reply that tells a smaller size than the listing, unless GETATTR does', async () => {
    const says = (size: number) => ({ count: 0, eof: true, size })
    const server = await serve({ tree: directory({ lies: oddFile(1_000, () => says(0)), sound: file(1_000) }) })
    const mount = await mountOf(server)
    const { handle, size } = await entryOf(mount, '/', 'lies')
    expect(size).toBe(1_000)
    expect(await mount.read({ path: '/lies', handle }, { ...read(), size })).toMatchObject({ bytes: 0, end: false })
    expect(server.calls['GETATTR']).toBe(1)
  })

  test('costs one READ a small file, and the pages of the listing', async () => {
    const server = await serve()
    const mount = await mountOf(server)
    const warm = walk([mount], { entries: 'none', parts: [{ kind: 'tree', path: '/many' }] })
    await warm.done
    expect(warm.counters).toMatchObject({ files: 3_000, bytes: 3_000, failures: {} })
    const { READDIRPLUS = 0, ...others } = server.calls
    expect(others).toEqual({ MNT: 1, FSINFO: 1, LOOKUP: 1, READ: 3_000 })
    expect(READDIRPLUS).toBeLessThan(5)
  })

  test('reads what is long apart from what is small, a few READs at a time at first', async () => {
    const server = await serve()
    const mount = await mountOf(server)
    await mount.read({ path: '/a/x.jpg' }, read())
    const before = server.connections.total
    let reads = 0
    // The first one tells the size; those after it are never answered.
    server.fault = ({ procedure }) => (procedure === 'READ' && ++reads > 1 ? { kind: 'drop' } : undefined)
    const stop = new AbortController()
    const reading = mount.read({ path: '/big' }, { ...read(0, Infinity), signal: stop.signal })
    await expect.poll(() => reads).toBe(3)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(reads).toBe(3)
    expect(server.connections.total).toBeGreaterThan(before)
    stop.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })

  test('reads a long range by several READs at a time, whose bytes add up, and counts them and the LOOKUP', async () => {
    const server = await serve()
    const mount = await mountOf(server)
    expect(await mount.read({ path: '/big' }, read(0, Infinity))).toEqual({
      bytes: 20_000_000,
      end: true,
      size: 20_000_000,
      firstMs: expect.any(Number),
      requests: 21,
    })
    expect(await mount.read({ path: '/big' }, read(5, 9_000_000))).toEqual({
      bytes: 9_000_000,
      end: false,
      size: 20_000_000,
      firstMs: expect.any(Number),
      requests: 10,
    })
    const { handle } = await entryOf(mount, '/a', 'x.jpg')
    expect(await mount.read({ path: '/a/x.jpg', handle }, read())).toMatchObject({ requests: 1 })
  })

  test('is called after its host unless told otherwise', async () => {
    const server = await serve()
    expect(await mountOf(server)).toMatchObject({ name: '127.0.0.1', maxInFlight: 1024 })
    expect(await mountOf(server, { name: 'cache-1', maxInFlight: 7 })).toMatchObject({
      name: 'cache-1',
      maxInFlight: 7,
    })
  })

  test('takes over an export that is open, and closes it', async () => {
    const server = await serve()
    const mounted = await mountExport(server.address)
    const mount = await nfsMount({ export: mounted })
    expect((await mount.stat('/a', { signal })).kind).toBe('directory')
    await mount.close()
    await expect(mounted.ping()).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(mount.stat('/a', { signal })).rejects.toMatchObject({ code: 'MOUNT_DOWN' })
  })

  test('times reads by the clock that it is given, also where the export is open already', async () => {
    const server = await serve()
    const clock = { now: () => 7, setTimer: () => () => {} }
    for (const given of [await mountExport(server.address), server.address]) {
      const mount = await nfsMount({ export: given, clock })
      expect(await mount.read({ path: '/big' }, read(0, Infinity))).toMatchObject({ firstMs: 0 })
      await mount.close()
    }
  })

  test('gives identities to directories alone, for the sake of memory', async () => {
    const entries = (await pagesOf(await mountOf(await serve()), '/')).flatMap((page) => page.entries)
    expect(entries.filter(({ id }) => id !== undefined).map(({ name }) => name)).toEqual(['a', 'many'])
  })

  test('gives the same identity with a listing and when asked', async () => {
    const mount = await mountOf(await serve())
    expect((await entryOf(mount, '/', 'a')).id).toBe((await mount.stat('/a', { signal })).id)
  })

  test('translates absolute links from what clients see', async () => {
    const server = await serve()
    const mount = await mountOf(server)
    expect(await mount.readLink?.('/to export', { signal })).toBe('/a/x.jpg')
    expect(await mount.readLink?.('/to root', { signal })).toBe('/')
    await expect(mount.readLink?.('/outside', { signal })).rejects.toMatchObject({ code: 'OUTSIDE' })
    const elsewhere = await mountOf(server, { seenAt: '/exporter/' })
    expect(await elsewhere.readLink?.('/outside', { signal })).toBe('/a')
    await expect(elsewhere.readLink?.('/to root', { signal })).rejects.toMatchObject({ code: 'OUTSIDE' })
  })

  test('brings a limit that hears how its calls go, and passes that on', async () => {
    const server = await serve({ fault: onCalls('READ', 1, 1, { kind: 'status', status: 'JUKEBOX' }) })
    const heard: string[] = []
    const observer = {
      latency: (_ms: number, procedure: string): void => void heard.push(procedure),
      jukebox: (procedure: string): void => void heard.push(`JUKEBOX ${procedure}`),
    }
    const mount = await mountOf(server, { export: { ...server.address, observer }, maxInFlight: 100 })
    const warm = walk([mount], { entries: 'none' })
    await warm.done
    expect(warm.counters).toMatchObject({ files: 3_003, failures: {} })
    // The figures are those of a window of time, which a fast machine may not have come to the end of.
    for (let more = 0; more < 50 && mount.limiter?.state?.p50Ms === undefined; more++)
      await walk([mount], { entries: 'none' }).done
    expect(mount.limiter?.state?.p50Ms).toBeGreaterThan(0)
    expect(mount.limiter?.state?.limit).toBeLessThanOrEqual(100)
    expect(heard).toEqual(expect.arrayContaining(['FSINFO', 'READDIRPLUS', 'READ', 'JUKEBOX READ']))
  })

  test('tells what limits long reads beside what limits small ones, and a walk does', async () => {
    const mount = await mountOf(await serve())
    const large = { entries: 'none', headBytes: Infinity, parts: [{ kind: 'tree', path: '/big' }] } as const
    const idle = walk([mount], { ...large, parts: [] })
    expect(idle.counters.mounts['127.0.0.1']?.limits.longReads).toEqual({ inFlight: 0, limit: 2 })
    let most = 0
    for (let more = 0; more < 50 && mount.longReads?.state?.p50Ms === undefined; more++) {
      const under = walk([mount], large)
      while (under.counters.files === 0) {
        most = Math.max(most, under.counters.mounts['127.0.0.1']?.limits.longReads?.inFlight ?? 0)
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      await under.done
    }
    expect(most).toBeGreaterThan(0)
    const { reads, longReads } = walk([mount]).counters.mounts['127.0.0.1']?.limits ?? {}
    expect({ ...longReads, waiting: 0 }).toEqual({ ...mount.longReads?.state, inFlight: 0 })
    expect(longReads?.p50Ms).toBeGreaterThan(0)
    expect(longReads?.p50Ms).not.toBe(reads?.p50Ms)
  })

  test('takes another limit, which the walk then uses', async () => {
    let runs = 0
    const limiter = {
      run<T>(task: () => Promise<T>): Promise<T> {
        runs++
        return task()
      },
    }
    const mount = await mountOf(await serve(), { limiter })
    await walk([mount], { entries: 'none' }).done
    expect(runs).toBe(3_003)
  })

  test('an abort in the middle ends a call with its reason', async () => {
    const server = await serve({ fault: onCalls('READ', 1, 9, { kind: 'drop' }) })
    const mount = await mountOf(server)
    const abort = new AbortController()
    const outcome = mount.read({ path: '/big' }, { ...read(), signal: abort.signal })
    const reason = new Error('enough')
    setImmediate(() => abort.abort(reason))
    await expect(outcome).rejects.toBe(reason)
  })
})

describe('a listing', () => {
  test('resumes where a page said, through another address too', async () => {
    const server = await serve({ pageBytes: 16_384 })
    const [one, other] = [await mountOf(server), await mountOf(server)]
    const pages = await pagesOf(one, '/many')
    expect(pages.at(-1)?.resume).toBeUndefined()
    expect(pages.length).toBeGreaterThan(3)
    const rest = await pagesOf(other, '/many', pages[1]?.resume)
    expect(namesOf(rest)).toEqual(namesOf(pages.slice(2)))
  })

  test('whose cookie has gone stale starts over, and where that is elsewhere fails as changed', async () => {
    const server = await serve({ pageBytes: 16_384 })
    const mount = await mountOf(server)
    const pages = mount.list({ path: '/many' }, { attributes: false, signal })
    const first = (await pages[Symbol.asyncIterator]().next()).value as DirectoryPage
    server.makeCookiesStale()
    const rest = await collect(pages)
    expect(namesOf([first, ...rest])).toEqual(Array.from({ length: 3_000 }, (_, at) => `f${at}`))
    expect(rest.every(({ resume }) => resume === undefined)).toBe(true)
    await expect(pagesOf(mount, '/many', first.resume)).rejects.toMatchObject({
      code: 'LISTING_CHANGED',
      message: expect.stringContaining('/many: 127.0.0.1'),
    })
  })

  test('does not resume at another filer, where its cookie would mean something else', async () => {
    const server = await serve({ pageBytes: 16_384 })
    const [first] = await pagesOf(await mountOf(server), '/many')
    const other = await mountOf(await serve({ exportPath: '/other' }))
    await expect(pagesOf(other, '/many', first?.resume)).rejects.toMatchObject({ code: 'LISTING_CHANGED' })
  })

  test.for(['', 'x', '1-2', '1-2-g', '1-2-3-', '1-2-3-4-5', '1-2-3-4-5.6'])(
    'does not resume from %j, which no page said',
    async (resume) => {
      const mount = await mountOf(await serve())
      await expect(pagesOf(mount, '/many', resume)).rejects.toMatchObject({
        code: 'OPTION_INVALID',
        message: expect.stringContaining(JSON.stringify(resume)),
      })
    },
  )

  test.for([
    ['NOENT', 'NOT_FOUND'],
    ['ACCES', 'ACCESS_DENIED'],
    ['IO', 'IO'],
    ['SERVERFAULT', 'IO'],
    ['STALE', 'STALE'],
    ['XDEV', 'OTHER'],
  ] as const)('whose entry can not be looked up for %s keeps the others, and says why', async ([status, code]) => {
    const odd = {
      bare: (name: string) => name === 'x.jpg',
      lookUp: (name: string) => (name === 'x.jpg' ? status : undefined),
    }
    const mount = await mountOf(await serve({ odd }))
    const entries = (await pagesOf(mount, '/a')).flatMap((page) => page.entries)
    expect(entries).toMatchObject([
      { name: 'x.jpg', kind: 'unknown', error: { code, message: expect.stringContaining('/a/x.jpg') } },
      { name: 'y.jpg', kind: 'file', size: 200_000 },
    ])
  })

  test('whose entry is never looked up, while the server answers, keeps the others', async () => {
    const server = await serve({ odd: { bare: (name: string) => name === 'x.jpg' } })
    const mount = await mountOf(server, { export: { ...server.address, timeoutMs: 400, retries: 0 } })
    server.fault = onCalls('LOOKUP', 2, 9, { kind: 'drop' })
    const entries = (await pagesOf(mount, '/a')).flatMap((page) => page.entries)
    expect(entries).toMatchObject([
      { name: 'x.jpg', kind: 'unknown', error: { code: 'TIMEOUT' } },
      { name: 'y.jpg', kind: 'file' },
    ])
  })

  test('fails when the server is away while its entries are looked up', async () => {
    const server = await serve({ odd: { bare: () => true } })
    const mount = await mountOf(server, { export: { ...server.address, timeoutMs: 50, retries: 0 } })
    server.fault = ({ procedure, nth }) => (procedure === 'READDIRPLUS' || nth === 1 ? undefined : { kind: 'drop' })
    await expect(pagesOf(mount, '/a')).rejects.toMatchObject({ code: 'TIMEOUT' })
  })

  test('says which entries no directory holds', async () => {
    const odd = { nameOf: (name: string) => (name === 'x.jpg' ? Buffer.from('a/b') : undefined) }
    const [page] = await pagesOf(await mountOf(await serve({ odd })), '/a')
    expect(page?.refused).toMatchObject([{ code: 'IO', message: expect.stringContaining('"a/b"') }])
    expect(page?.entries.map(({ name }) => name)).toEqual(['y.jpg'])
  })
})
