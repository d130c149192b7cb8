import {
  directory,
  file,
  generated,
  link,
  type NfsServer,
  type NfsServerOptions,
  special,
  startNfsServer,
  type TreeDirectory,
} from '@cachewarmer/nfs/testing'
import type { DirectoryPage, Entry, Mount, ReadOptions } from '../mounts/mount.ts'
import { type NfsMountOptions, nfsMount } from '../mounts/nfs/nfs-mount.ts'

export const signal: AbortSignal = new AbortController().signal

/** What servers of tests export. */
export const tree: TreeDirectory = directory({
  a: directory({ 'x.jpg': file(100), 'y.jpg': file(200_000) }),
  many: generated(3_000, 'f', () => file(1)),
  big: file(20_000_000),
  fifo: special('fifo'),
  'to export': link('/export/a/x.jpg'),
  'to root': link('/export'),
  outside: link('/exporter/a'),
})

/** Servers in this process and mounts of them. */
export class NfsMounts {
  readonly #open: (() => Promise<void>)[] = []

  readonly serve = async (options: Partial<NfsServerOptions> = {}): Promise<NfsServer> => {
    const server = await startNfsServer({ tree, ...options })
    this.#open.push(() => server.stop())
    return server
  }

  readonly mountOf = async (server: NfsServer, options: Partial<NfsMountOptions> = {}): Promise<Mount> => {
    const mount = await nfsMount({ export: { ...server.address, timeoutMs: 20_000 }, ...options })
    this.#open.push(() => mount.close())
    return mount
  }

  /** Ends all of them, the youngest first. */
  async close(): Promise<void> {
    for (const close of this.#open.splice(0).reverse()) await close()
  }
}

export async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of from) all.push(one)
  return all
}

export async function pagesOf(mount: Mount, path: string, resume?: string): Promise<DirectoryPage[]> {
  return await collect(mount.list({ path }, { attributes: false, resume, signal }))
}

export const namesOf = (pages: readonly DirectoryPage[]): string[] =>
  pages.flatMap(({ entries }) => entries.map((e) => e.name))

export async function entryOf(mount: Mount, path: string, name: string): Promise<Entry> {
  const entry = (await pagesOf(mount, path)).flatMap(({ entries }) => entries).find((one) => one.name === name)
  if (!entry) throw new Error(`${name} is not listed`)
  return entry
}

export const read = (offset = 0, length = 65_536): ReadOptions => ({ offset, length, signal })
