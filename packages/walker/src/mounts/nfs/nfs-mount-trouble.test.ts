import { directory, everyNth, file, onCalls, startNfsServer } from '@cachewarmer/nfs/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { collect, entryOf, NfsMounts, namesOf, read, signal, tree } from '../../testing/nfs-mounts.ts'
import type { Mount } from '../mount.ts'
import { nfsMount } from './nfs-mount.ts'

const mounts = new NfsMounts()
afterEach(() => mounts.close())
const { serve, mountOf } = mounts

describe('a stale handle', () => {
  test('of a file is replaced by a lookup of its path', async () => {
    const server = await serve()
    const mount = await mountOf(server)
    const { handle } = await entryOf(mount, '/a', 'x.jpg')
    server.fault = onCalls('READ', 1, 1, { kind: 'status', status: 'STALE' })
    expect(await mount.read({ path: '/a/x.jpg', handle }, read())).toMatchObject({ bytes: 100 })
    server.fault = onCalls('READ', 3, 3, { kind: 'status', status: 'BADHANDLE' })
    expect(await mount.read({ path: '/a/x.jpg', handle }, read())).toMatchObject({ bytes: 100 })
    expect(server.calls['READ']).toBe(4)
  })

  test('is replaced once, not for ever', async () => {
    const server = await serve()
    const mount = await mountOf(server)
    const { handle } = await entryOf(mount, '/a', 'x.jpg')
    server.fault = everyNth('READ', 1, { kind: 'status', status: 'STALE' })
    await expect(mount.read({ path: '/a/x.jpg', handle }, read())).rejects.toMatchObject({ code: 'STALE' })
    expect(server.calls['READ']).toBe(2)
  })

  test('of the root is reported as such: only opening the export again helps', async () => {
    const server = await serve()
    const mount = await mountOf(server)
    const { id } = await mount.stat('/', { signal })
    expect(id).toMatch(/^\S+$/)
    server.makeHandlesStale()
    await expect(mount.stat('/', { signal })).rejects.toMatchObject({ code: 'STALE' })
    expect(await (await mountOf(server)).stat('/', { signal })).toMatchObject({ kind: 'directory' })
  })

  test('of a directory is replaced before its first page', async () => {
    const server = await serve()
    const mount = await mountOf(server)
    const { handle } = await entryOf(mount, '/', 'a')
    server.fault = onCalls('READDIRPLUS', 2, 2, { kind: 'status', status: 'STALE' })
    const pages = await collect(mount.list({ path: '/a', handle }, { attributes: false, signal }))
    expect(namesOf(pages)).toEqual(['x.jpg', 'y.jpg'])
  })

  test('of a directory in the middle of its listing is a failure: pages may be counted already', async () => {
    const server = await serve({ pageBytes: 16_384 })
    const mount = await mountOf(server)
    const { handle } = await entryOf(mount, '/', 'many')
    server.fault = onCalls('READDIRPLUS', 3, 3, { kind: 'status', status: 'STALE' })
    const pages = mount.list({ path: '/many', handle }, { attributes: false, signal })[Symbol.asyncIterator]()
    expect((await pages.next()).done).toBe(false)
    await expect(pages.next()).rejects.toMatchObject({ code: 'STALE' })
  })
})

describe('a handle of another address', () => {
  const target = async (mount: Mount): Promise<{ path: string; handle: unknown; foreign: true }> => ({
    path: '/a/x.jpg',
    handle: (await entryOf(mount, '/a', 'x.jpg')).handle,
    foreign: true,
  })

  test('is compared once with what this one calls the path, and then trusted', async () => {
    const server = await serve()
    const [one, other] = [await mountOf(server), await mountOf(server)]
    expect(one.handleSpace).toBe(other.handleSpace)
    const file = await target(one)
    const before = server.calls['LOOKUP'] ?? 0
    await Promise.all(Array.from({ length: 5 }, () => other.read(file, read())))
    expect((server.calls['LOOKUP'] ?? 0) - before).toBe(2)
    expect(other.handleSpace).toBe(one.handleSpace)
  })

  test('that opens something else here is never used, nor any other', async () => {
    const here = await serve({ tree: directory({ before: file(1), a: directory({ 'x.jpg': file(100) }) }) })
    const there = await mountOf(await serve())
    const mount = await mountOf(here)
    expect(mount.handleSpace).toBe(there.handleSpace)
    expect(await mount.read(await target(there), read())).toMatchObject({ bytes: 100 })
    expect(mount.handleSpace).toBeUndefined()
    const { READ } = here.calls
    expect(await mount.read(await target(there), read())).toMatchObject({ bytes: 100 })
    expect(here.calls['READ']).toBe((READ ?? 0) + 1)
  })

  test('tells nothing when its path can not be looked up', async () => {
    const here = await mountOf(await serve({ tree: directory({}) }))
    const there = await mountOf(await serve())
    await expect(here.read(await target(there), read())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(here.handleSpace).toBe(there.handleSpace)
  })
})

describe('what goes wrong', () => {
  test.for([
    ['NOENT', 'NOT_FOUND'],
    ['ACCES', 'ACCESS_DENIED'],
    ['PERM', 'ACCESS_DENIED'],
    ['IO', 'IO'],
    ['SERVERFAULT', 'IO'],
    ['ISDIR', 'NOT_A_FILE'],
    ['INVAL', 'NOT_A_FILE'],
    ['STALE', 'STALE'],
    ['JUKEBOX', 'IO'],
    ['NAMETOOLONG', 'NAME_TOO_LONG'],
    ['NOTSUPP', 'OTHER'],
  ] as const)('a READ answered with %s is %s', async ([status, code]) => {
    const server = await serve({ fault: everyNth('READ', 1, { kind: 'status', status }) })
    const mount = await mountOf(server, { export: { ...server.address, jukeboxMs: 0 } })
    const outcome = mount.read({ path: '/big' }, read())
    await expect(outcome).rejects.toMatchObject({ code, message: expect.stringMatching(/^\/big: 127\.0\.0\.1.*READ/) })
  })

  test('no answer is a timeout', async () => {
    const server = await serve({ fault: everyNth('READ', 1, { kind: 'drop' }) })
    const mount = await mountOf(server, { export: { ...server.address, timeoutMs: 20, retries: 0 } })
    await expect(mount.read({ path: '/big' }, read())).rejects.toMatchObject({ code: 'TIMEOUT' })
  })

  test('a server that goes away is not the path, and when it is back its mount works again', async () => {
    const server = await serve()
    const mount = await mountOf(server, { export: { ...server.address, timeoutMs: 200, retries: 0 } })
    await server.pause()
    const code = expect.stringMatching(/^(MOUNT_DOWN|TIMEOUT)$/)
    await expect(mount.read({ path: '/big' }, read())).rejects.toMatchObject({ code })
    await server.resume()
    expect(await mount.read({ path: '/big' }, read())).toMatchObject({ bytes: 65_536 })
  })

  test('a server that is not there is a mount that is down', async () => {
    const server = await startNfsServer({ tree })
    await server.stop()
    await expect(nfsMount({ export: server.address })).rejects.toMatchObject({ code: 'MOUNT_DOWN' })
  })

  test('an export that is not there is said with those that are', async () => {
    const { address } = await serve()
    const opening = nfsMount({ export: { ...address, exportPath: '/nope' } })
    await expect(opening).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('/export') })
  })

  test('a path that can not be meant is refused before any call', async () => {
    const opening = nfsMount({ export: { host: 'a b', exportPath: '/export' } })
    await expect(opening).rejects.toMatchObject({ code: 'OPTION_INVALID', message: expect.stringContaining('a b') })
  })
})
