import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Ganesha, startGanesha } from '../../test/support/ganesha.ts'

export interface NfsOptions {
  readonly place: string
  /** Where plots are written. */
  readonly report: string
  readonly rounds: number
  readonly roundTripsMs: readonly number[]
  readonly quick: boolean
}

export interface Link {
  readonly hosts: readonly string[]
  readonly nfsPort: number
  readonly mountPort: number
}

/** Addresses of a server, each at the end of a link with a chosen round trip. */
class Links {
  readonly #links: ChildProcess[] = []
  #next = 11

  /** Without a round trip they are the server itself. */
  async behind(server: Omit<Link, 'hosts'>, roundTripMs: number, count: number): Promise<Link> {
    const hosts = Array.from({ length: count }, () => `127.0.0.${this.#next++}`)
    const { nfsPort, mountPort } = server
    if (roundTripMs === 0) return { hosts, nfsPort, mountPort }
    const [linkedNfsPort, linkedMountPort] = [await freePort(), await freePort()]
    for (const host of hosts) {
      await this.#link(`${host}:${linkedNfsPort}`, nfsPort, roundTripMs)
      await this.#link(`${host}:${linkedMountPort}`, mountPort, roundTripMs)
    }
    return { hosts, nfsPort: linkedNfsPort, mountPort: linkedMountPort }
  }

  async #link(place: string, port: number, roundTripMs: number): Promise<void> {
    const link = spawnProgram(new URL('./delay-proxy.ts', import.meta.url), [
      place,
      `127.0.0.1:${port}`,
      String(roundTripMs),
    ])
    this.#links.push(link)
    await once(link.stdout ?? link, 'data')
  }

  end(): void {
    for (const link of this.#links) link.kill('SIGKILL')
  }
}

/** nfs-ganesha over a folder, at any number of addresses. */
export class NfsLab implements AsyncDisposable {
  readonly ganesha: Ganesha
  readonly #links = new Links()

  constructor(ganesha: Ganesha) {
    this.ganesha = ganesha
  }

  /** On one core where that is given. It keeps what it knows of all files: else it would list them again and again. */
  static async open(folder: string, core?: number): Promise<NfsLab> {
    const hold = (cores: string): Buffer => execFileSync('taskset', ['-cp', cores, String(process.pid)])
    if (core !== undefined) hold(String(core))
    const ganesha = await startGanesha({ folder, cacheSettings: ['Entries_HWMark = 2000000;'] })
    if (core !== undefined) hold(`0-${availableParallelism() - 1}`)
    if (ganesha === undefined)
      throw new Error('nfs-ganesha is needed: apt-get install nfs-ganesha nfs-ganesha-vfs (as root)')
    return new NfsLab(ganesha)
  }

  behind(roundTripMs: number, count: number): Promise<Link> {
    return this.#links.behind(this.ganesha, roundTripMs, count)
  }

  /** CPU time of the server so far. */
  serverCpuMs(): number {
    const fields = readFileSync(`/proc/${this.ganesha.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * 10
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#links.end()
    await this.ganesha.stop()
  }
}

/** A server that computes its tree, in a process of its own. */
export class GeneratedServer implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #address: Link
  readonly #links = new Links()

  constructor(child: ChildProcess, address: Link) {
    this.#process = child
    this.#address = address
  }

  static async start(files: number, directories: number): Promise<GeneratedServer> {
    const child = spawnProgram(new URL('./generated-server.ts', import.meta.url), [String(files), String(directories)])
    const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer]
    const { host, ...ports } = JSON.parse(line.toString()) as Omit<Link, 'hosts'> & { readonly host: string }
    return new GeneratedServer(child, { hosts: [host], ...ports })
  }

  async behind(roundTripMs: number): Promise<Link> {
    return roundTripMs === 0 ? this.#address : await this.#links.behind(this.#address, roundTripMs, 1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#links.end()
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }
}

function spawnProgram(program: URL, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(program), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
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
