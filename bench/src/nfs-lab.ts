import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type Ganesha, startGanesha } from '@cachewarmer/nfs/testing'

export interface Link {
  readonly hosts: readonly string[]
  readonly nfsPort: number
  readonly mountPort: number
}

/** nfs-ganesha over a folder, and any number of addresses of it, each at the end of a link with a chosen round trip. */
export class NfsLab implements AsyncDisposable {
  readonly ganesha: Ganesha
  readonly #links: ChildProcess[] = []
  #next = 11

  private constructor(ganesha: Ganesha) {
    this.ganesha = ganesha
  }

  static async open(folder: string): Promise<NfsLab> {
    const ganesha = await startGanesha({ folder, cacheSettings: ['Entries_HWMark = 2000000;'] })
    if (ganesha === undefined)
      throw new Error('nfs-ganesha is needed: apt-get install nfs-ganesha nfs-ganesha-vfs (as root)')
    return new NfsLab(ganesha)
  }

  /** Addresses of the server with this round trip; without one they are the server itself. */
  async behind(roundTripMs: number, count: number): Promise<Link> {
    const hosts = Array.from({ length: count }, () => `127.0.0.${this.#next++}`)
    const { nfsPort, mountPort } = this.ganesha
    if (roundTripMs === 0) return { hosts, nfsPort, mountPort }
    const [linkedNfsPort, linkedMountPort] = [await freePort(), await freePort()]
    for (const host of hosts) {
      await this.#link(`${host}:${linkedNfsPort}`, nfsPort, roundTripMs)
      await this.#link(`${host}:${linkedMountPort}`, mountPort, roundTripMs)
    }
    return { hosts, nfsPort: linkedNfsPort, mountPort: linkedMountPort }
  }

  async #link(place: string, port: number, roundTripMs: number): Promise<void> {
    const program = fileURLToPath(new URL('./delay-proxy.ts', import.meta.url))
    const link = spawn(process.execPath, [program, place, `127.0.0.1:${port}`, String(roundTripMs)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#links.push(link)
    await once(link.stdout, 'data')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links) link.kill('SIGKILL')
    await this.ganesha.stop()
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
