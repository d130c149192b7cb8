import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { directory, file, type NfsServer, type NfsServerOptions, onCalls, startNfsServer } from '../testing/index.ts'
import { mountExport } from './mount-export.ts'
import type { MountOptions } from './options.ts'

const tree = directory({ below: directory({ 'a.txt': file('hello') }) })
const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

async function serve(options: Partial<NfsServerOptions> = {}): Promise<NfsServer> {
  const server = await startNfsServer({ tree, ...options })
  open.push(server)
  return server
}

async function mount(server: NfsServer, options: Partial<MountOptions> = {}) {
  const mounted = await mountExport({ ...server.address, ...options })
  open.push(mounted)
  return mounted
}

/** Asks the portmapper for everything. */
const portmapped = ({ host, exportPath, portmapPort }: NfsServer) => ({ host, exportPath, portmapPort })

/** A port at which nothing listens any more. */
async function deadPort(): Promise<number> {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('mounting', () => {
  test('asks the portmapper for the ports that are not given', async () => {
    const server = await serve()
    open.push(await mountExport(portmapped(server)))
    expect(server.calls).toEqual({ GETPORT: 2, MNT: 1, FSINFO: 1 })
    open.push(await mountExport({ ...portmapped(server), nfsPort: server.nfsPort }))
    expect(server.calls).toEqual({ GETPORT: 3, MNT: 2, FSINFO: 2 })
  })

  test('takes a directory below an export, as servers do', async () => {
    const server = await serve()
    const mounted = await mount(server, { exportPath: '/export/below/' })
    expect(mounted.exportPath).toBe('/export/below')
    expect((await mounted.resolve('/a.txt')).attributes?.size).toBe(5n)
  })

  test('works at every loopback address, by name and over IPv6', async () => {
    for (const host of ['127.0.0.11', 'localhost', '::1']) {
      const server = await serve({ host })
      const mounted = await mount(server)
      expect(await mounted.ping()).toBeUndefined()
      expect(mounted.peer).toBe(host === 'localhost' ? '127.0.0.1' : host)
    }
  })

  test('reads no more at once than its options say', async () => {
    const mounted = await mount(await serve(), { maxReadBytes: 4_096, maxPageBytes: 2_048 })
    expect([mounted.readBytes, mounted.pageBytes]).toEqual([4_096, 2_048])
  })

  test.each([
    [{ rtmax: 1_048_576, rtpref: 65_536 }, 65_536],
    [{ rtmax: 32_768, rtpref: 65_536 }, 32_768],
    [{ rtmax: 65_536, rtpref: 0 }, 65_536],
    [{ rtmax: 67_108_864 }, 1_048_576],
  ])('of a server with %j reads %i bytes at a time', async (sizes, readBytes) => {
    expect((await mount(await serve(sizes))).readBytes).toBe(readBytes)
  })

  test('goes without credentials where the export wants none', async () => {
    const server = await serve({ flavors: [0] })
    expect((await mount(server)).info.rtmax).toBe(1_048_576)
  })

  test('leaves no connection behind when it fails', async () => {
    const server = await serve({ flavors: [390_003] })
    await expect(mount(server)).rejects.toThrow()
    await expect.poll(() => server.connections.open).toBe(0)
  })

  test('ends at once when its signal does, with its reason', async () => {
    const server = await serve()
    server.fault = onCalls('FSINFO', 1, 9, { kind: 'drop' })
    const stop = new AbortController()
    const reason = new Error('enough')
    const mounting = expect(mount(server, { signal: stop.signal })).rejects.toBe(reason)
    await expect.poll(() => server.calls['FSINFO']).toBe(1)
    stop.abort(reason)
    await mounting
    await expect(mount(server, { signal: stop.signal })).rejects.toBe(reason)
    expect(server.calls['MNT']).toBe(1)
  })
})

describe('an error says what to do:', () => {
  test('nothing listens', async () => {
    const port = await deadPort()
    const address = { host: '127.0.0.1', exportPath: '/a', nfsPort: port, mountPort: port }
    await expect(mountExport(address)).rejects.toMatchObject({
      code: 'REFUSED',
      message: `127.0.0.1:${port}/a: nothing listens at port ${port} (ECONNREFUSED)`,
    })
  })

  test('no such host', async () => {
    const address = { host: 'filer.invalid', exportPath: '/a', nfsPort: 1, mountPort: 1 }
    await expect(mountExport(address)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('no such host'),
    })
  })

  test('the portmapper is missing', async () => {
    const server = await serve()
    const mounting = mountExport({ ...portmapped(server), portmapPort: await deadPort(), nfsPort: server.nfsPort })
    await expect(mounting).rejects.toMatchObject({
      code: 'PORTMAP_MISSING',
      hint: expect.stringContaining('nfsport and mountport'),
    })
  })

  test('a portmapper that knows of no NFS: the server is stopped, and may be back', async () => {
    const server = await serve({ versions: 2 })
    await expect(mountExport(portmapped(server))).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('offers no NFS at all now'),
    })
  })

  test('neither portmapper nor server', async () => {
    const [nfsPort, portmapPort] = [await deadPort(), await deadPort()]
    await expect(mountExport({ host: '127.0.0.1', exportPath: '/a', nfsPort, portmapPort })).rejects.toMatchObject({
      code: 'REFUSED',
    })
  })

  test.each([
    ['with a portmapper', (server: NfsServer) => portmapped(server), /NFS version 4 alone/],
    ['with ports given', (server: NfsServer) => ({ ...server.address, mountPort: server.nfsPort }), /./],
    [
      'without a portmapper',
      ({ host, exportPath, nfsPort }: NfsServer) => ({ host, exportPath, nfsPort, portmapPort: 1 }),
      /version 4 only, not 3/,
    ],
  ])('NFSv4 only, %s', async (_how, addressOf, message) => {
    const server = await serve({ versions: 4 })
    await expect(mountExport(addressOf(server))).rejects.toMatchObject({
      code: 'VERSION',
      message: expect.stringMatching(message),
    })
  })

  test('no such export, and which there are', async () => {
    const server = await serve({ otherExports: { '/animation': [], '/renders': ['10.0.0.0/8'] } })
    await expect(mount(server, { exportPath: '/wrong' })).rejects.toMatchObject({
      code: 'EXPORT_NOT_FOUND',
      message: '127.0.0.1/wrong: there is no such export (the server exports /export, /animation, /renders)',
    })
    await expect(mount(server, { exportPath: '/export/nothing' })).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' })
  })

  test('a long list of exports is cut', async () => {
    const server = await serve({
      otherExports: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`/e${i}`, []])),
    })
    await expect(mount(server, { exportPath: '/wrong' })).rejects.toMatchObject({
      hint: expect.stringMatching(/\/e18 and 81 more$/),
    })
  })

  test('this client may not, and who may', async () => {
    const server = await serve({ denied: true, otherExports: { '/export': ['farm-*', '@renderers'] } })
    const denied = { code: 'EXPORT_DENIED', message: expect.stringContaining('exported to farm-*, @renderers') }
    await expect(mount(server, { privilegedPort: 'never' })).rejects.toMatchObject(denied)
    await expect(mount(server)).rejects.toMatchObject(denied)
  })

  test('a server that says "denied" for what it does not export means that there is none', async () => {
    const server = await serve({ denied: true })
    await expect(mount(server, { exportPath: '/wrong' })).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' })
  })

  test('a server that keeps its list to itself', async () => {
    const server = await serve({ denied: true })
    server.fault = onCalls('EXPORT', 1, 99, { kind: 'refuse', refusal: { kind: 'PROC_UNAVAIL' } })
    await expect(mount(server)).rejects.toMatchObject({ code: 'EXPORT_DENIED' })
  })

  test('Kerberos only', async () => {
    const mounting = mount(await serve({ flavors: [390_003, 390_005] }))
    await expect(mounting).rejects.toMatchObject({
      code: 'KERBEROS_ONLY',
      message: expect.stringContaining('sec=krb5:krb5p'),
    })
  })

  test('the first call is refused though MNT was not', async () => {
    const server = await serve()
    server.fault = onCalls('FSINFO', 1, 9, { kind: 'refuse', refusal: { kind: 'AUTH_ERROR', status: 'AUTH_TOOWEAK' } })
    const refused = { code: 'RPC_REFUSED', message: expect.stringMatching(/AUTH_TOOWEAK.*Kerberos.*below 1024/) }
    await expect(mount(server)).rejects.toMatchObject(refused)
  })

  test('what answers is no NFS server', async () => {
    const server = await serve()
    server.fault = onCalls('MNT', 1, 9, { kind: 'noise' })
    await expect(mount(server)).rejects.toMatchObject({ code: 'PROTOCOL' })
    await expect(mountExport({ ...server.address, nfsPort: server.mountPort })).rejects.toMatchObject({
      code: expect.stringMatching(/PROTOCOL|VERSION/),
    })
  })

  test('wrong options, before anything is contacted', async () => {
    const server = await serve()
    await expect(mount(server, { exportPath: 'export' })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await expect(mount(server, { exportPath: '/export/..' })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    expect(server.calls).toEqual({})
  })
})

/** Only root, or who has CAP_NET_BIND_SERVICE, may have a source port below 1024. */
const mayBindPrivileged = process.getuid?.() === 0

describe('source ports', () => {
  const portsSeen = (server: NfsServer): Set<boolean> => {
    const seen = new Set<boolean>()
    server.fault = ({ procedure, port }) => {
      if (procedure !== 'GETPORT') seen.add(port < 1024)
      return undefined
    }
    return seen
  }

  test('are ordinary ones if the server takes them', async () => {
    const server = await serve()
    const privileged = portsSeen(server)
    await mount(server)
    expect([...privileged]).toEqual([false])
  })

  test('never are privileged when told so, and the refusal says what may be missing', async () => {
    const server = await serve({ privilegedPortOnly: true })
    const mounting = mount(server, { privilegedPort: 'never' })
    await expect(mounting).rejects.toMatchObject({ code: 'EXPORT_DENIED', hint: expect.stringContaining('below 1024') })
  })

  test.skipIf(!mayBindPrivileged)('are privileged where the server wants it, and on all connections', async () => {
    const server = await serve({ privilegedPortOnly: true })
    const mounted = await mount(server, { connections: 3 })
    const privileged = portsSeen(server)
    await Promise.all([mounted.ping(), mounted.ping(), mounted.ping()])
    server.reset()
    await mounted.ping()
    expect([...privileged]).toEqual([true])
  })

  test.skipIf(!mayBindPrivileged)('always are privileged when told so', async () => {
    const server = await serve()
    const privileged = portsSeen(server)
    await mount(server, { privilegedPort: 'always' })
    expect([...privileged]).toEqual([true])
  })
})
