import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { directory, file, type NfsServer, type NfsServerOptions, startNfsServer } from '../testing/index.ts'
import { mountExport } from './mount-export.ts'

const tree = directory({ 'a.txt': file('hello') })
const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

async function serve(options: Partial<NfsServerOptions> = {}): Promise<NfsServer> {
  const server = await startNfsServer({ tree, ...options })
  open.push(server)
  return server
}

const refusal = Object.assign(new Error('filer is 169.254.169.254: a link-local address'), { code: 'ADDRESS_REFUSED' })

describe('the addresses of a host', () => {
  test('that the resolver refuses are not connected to, by name or as they are', async () => {
    const server = await serve()
    for (const host of ['filer', server.host]) {
      const mounting = mountExport({ ...server.address, host, resolve: () => Promise.reject(refusal) })
      await expect(mounting).rejects.toMatchObject({
        code: 'ADDRESS_REFUSED',
        message: `${host}/export: filer is 169.254.169.254: a link-local address`,
      })
    }
    expect(server.connections.total).toBe(0)
  })

  test('that the resolver gives are connected to, and nothing else', async () => {
    const server = await serve({ host: '127.0.0.21' })
    const mounted = await mountExport({ ...server.address, host: '127.0.0.22', resolve: async () => ['127.0.0.21'] })
    open.push(mounted)
    expect(await mounted.ping()).toBeUndefined()
  })

  test('are asked for once: a name that changes later has no effect', async () => {
    const server = await serve({ host: '127.0.0.21' })
    const victim = createServer()
    let visits = 0
    victim.on('connection', (socket) => {
      visits += 1
      socket.destroy()
    })
    await new Promise<void>((resolve) => void victim.listen(server.nfsPort, '127.0.0.22', resolve))
    try {
      let asked = 0
      const resolve = async () => [asked++ === 0 ? '127.0.0.21' : '127.0.0.22']
      const { exportPath, portmapPort } = server
      const mounted = await mountExport({ host: 'filer', exportPath, portmapPort, connections: 4, resolve })
      open.push(mounted)
      await Promise.all(Array.from({ length: 8 }, () => mounted.ping()))
      server.reset()
      await mounted.ping()
      expect([asked, visits]).toEqual([1, 0])
    } finally {
      await new Promise((resolve) => victim.close(resolve))
    }
  })

  test('are settled by the first that answers, so that a server can not send later connections to another of its name', async () => {
    const server = await serve({ host: '127.0.0.21' })
    const { exportPath, portmapPort } = server
    // Nothing listens at the first: the second answers, and is the server from then on.
    const mounted = await mountExport({
      host: 'filer',
      exportPath,
      portmapPort,
      resolve: async () => ['127.0.0.23', '127.0.0.21'],
    })
    open.push(mounted)
    const elsewhere = createServer((socket) => void socket.destroy())
    await new Promise<void>((resolve) => void elsewhere.listen(server.nfsPort, '127.0.0.23', resolve))
    let visits = 0
    elsewhere.on('connection', () => {
      visits += 1
    })
    server.reset()
    await mounted.ping()
    await new Promise((resolve) => elsewhere.close(resolve))
    expect(visits).toBe(0)
  })

  test('of a name without any are an error that says so, and an abort is heard', async () => {
    const server = await serve()
    const mounting = mountExport({ ...server.address, host: 'filer', resolve: async () => [] })
    await expect(mounting).rejects.toMatchObject({ code: 'UNREACHABLE' })
    const stop = new AbortController()
    const never = mountExport({ ...server.address, signal: stop.signal, resolve: () => new Promise(() => undefined) })
    stop.abort(new Error('enough'))
    await expect(never).rejects.toThrow('enough')
  })
})

describe('a port that the portmapper tells', () => {
  const told = async (toldPorts: { nfs?: number; mount?: number }) => {
    const { host, exportPath, portmapPort } = await serve({ toldPorts })
    return mountExport({ host, exportPath, portmapPort })
  }

  test.each([1, 22, 25, 80, 443, 445, 635, 1_023, 65_536, 4_294_967_295])(
    'is refused for NFS where no NFS is: %i',
    async (nfs) => {
      await expect(told({ nfs })).rejects.toMatchObject({
        code: 'ADDRESS_REFUSED',
        message: expect.stringMatching(new RegExp(`says that NFS is at port ${nfs}.*give the port \\(nfsport\\)`)),
      })
    },
  )

  test.each([22, 25, 445, 587, 636, 993, 65_536])('is refused for MOUNT where no mountd is: %i', async (mount) => {
    await expect(told({ mount })).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' })
  })

  test.each([635, 892, 1_023])('is tried for MOUNT where systems put mountd: %i', async (mount) => {
    await expect(told({ mount })).rejects.toMatchObject({ code: 'REFUSED' })
  })
})
