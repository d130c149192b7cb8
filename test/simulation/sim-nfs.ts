import type {
  Attributes,
  CallOptions,
  FileHandle,
  ListPosition,
  LookupResult,
  ReadResult,
  Receiver,
} from '@cachewarmer/nfs'
import { NfsError } from '@cachewarmer/nfs'
import { NfsExport } from '@cachewarmer/nfs/testing'
import { sleep } from '@cachewarmer/queue'
import { type Mount, nfsMount, type WalkErrorCode } from '@cachewarmer/walker'
import { type Ask, askingOver } from './asking.ts'
import type { NfsManner } from './extras.ts'
import { join, type SimExport, type SimNode } from './filer.ts'
import type { SimMountOptions } from './sim-mount.ts'
import { getOrMake } from './tally.ts'

type Page = Awaited<ReturnType<NfsExport['readdirplus']>>

/** The mount's errors for a server's statuses. */
const statusOf: Readonly<Partial<Record<WalkErrorCode, NfsError['code']>>> = {
  NOT_FOUND: 'NOENT',
  ACCESS_DENIED: 'ACCES',
  IO: 'IO',
}

/** The export as the NFS client of one process has it open: the product's own mount stands on it. */
export function simNfsMount(options: SimMountOptions, manner: NfsManner): Promise<Mount> {
  return nfsMount({ export: new SimNfsExport(options, manner), name: options.address, clock: options.life.clock })
}

/** Answers what goes out to the server, in its manner; what is made of several calls is the client's own. */
class SimNfsExport extends NfsExport {
  readonly #options: SimMountOptions
  readonly #manner: NfsManner
  readonly #ask: Ask
  readonly #objects: Objects

  constructor(options: SimMountOptions, manner: NfsManner) {
    const { address, of } = options
    const objects = objectsOf.get(of) ?? new Objects()
    objectsOf.set(of, objects)
    super({
      host: address,
      exportPath: of.path,
      peer: address,
      root: handleOf(options, objects.numberOf(of.root, '/')),
      rootAttributes: manner.attributes ? attributesOf(of.root, 0) : undefined,
      info: { rtmax: readBytesOf(options), rtpref: readBytesOf(options), dtpref: 65_536, maxFileSize: 2n ** 63n - 1n },
      readBytes: readBytesOf(options),
      pageBytes: 65_536,
      mostPageBytes: 1_048_576,
      cachedDirectories: 100,
      connections: [],
      longReadConnections: [],
      collector: undefined as never,
      unmount: () => Promise.resolve(),
    })
    this.#options = options
    this.#manner = manner
    this.#objects = objects
    this.#ask = askingOver({
      ...options,
      away: (code, path) => new NfsError(code === 'TIMEOUT' ? 'TIMEOUT' : 'UNREACHABLE', `${path}: ${address} is away`),
    })
  }

  override getattr(handle: FileHandle, options?: CallOptions): Promise<Attributes> {
    options?.onCall?.()
    return this.#ask(options?.signal, 'GETATTR', () => {
      const { node, number } = this.#known(handle)
      return attributesOf(node, number)
    })
  }

  override lookup(directory: FileHandle, name: string, options?: CallOptions): Promise<LookupResult> {
    options?.onCall?.()
    return this.#ask(options?.signal, 'LOOKUP', () => {
      const { node, path } = this.#known(directory)
      if (node.kind !== 'directory') throw new NfsError('NOTDIR', 'not a directory')
      const found = node.byName.get(name)
      if (found === undefined) throw new NfsError('NOENT', `${name}: no such file or directory`)
      return this.#told(found, join(path, name))
    })
  }

  override readdirplus(directory: FileHandle, position?: ListPosition, options?: CallOptions): Promise<Page> {
    const { of, address, pageSize, reads, life } = this.#options
    options?.onCall?.()
    return this.#ask(options?.signal, 'READDIRPLUS', () => {
      const { node, path } = this.#known(directory)
      if (node.kind !== 'directory') throw new NfsError('NOTDIR', 'not a directory')
      let at = Number(position?.cookie ?? 0n)
      const entries: Page['entries'][number][] = []
      for (; at < node.entries.length && entries.length < pageSize; at += 1) {
        const entry = node.entries[at]
        if (entry === undefined || entry.node.gone) continue
        const { name } = entry
        const told = this.#told(entry.node, join(path, name))
        entries.push({ name, fileid: BigInt(at + 1), cookie: BigInt(at + 1), ...told })
      }
      const eof = at >= node.entries.length
      reads.noteListed(of, address, path, life, eof)
      return { attributes: undefined, entries, refused: [], cookie: BigInt(at), cookieVerifier: 1n, eof }
    })
  }

  override readTo(
    receiver: Receiver<ReadResult>,
    handle: FileHandle,
    offset: number | bigint,
    count: number,
    options?: CallOptions,
  ): void {
    options?.onCall?.()
    const { signal } = options ?? {}
    const read = (): Promise<ReadResult> => this.#ask(signal, 'READ', () => this.#read(handle, Number(offset), count))
    this.#putOff(signal)
      .then(read)
      .then(
        (result) => receiver.resolve(result),
        (error: unknown) => receiver.reject(error as NfsError),
      )
  }

  /** A server that fetches a file from afar says JUKEBOX, and the client asks again until it has it. */
  async #putOff(signal: AbortSignal | undefined): Promise<void> {
    const { dice, life } = this.#options
    if (this.#manner.jukebox === 0) return
    for (let waitMs = 250; dice.chance(this.#manner.jukebox); waitMs *= 2) await sleep(life.clock, waitMs, signal)
  }

  #read(handle: FileHandle, offset: number, count: number): ReadResult {
    const { of, address, reads, life } = this.#options
    const { shortBytes, eof } = this.#manner
    const { node, path } = this.#known(handle)
    if (node.kind !== 'file') throw new NfsError(node.kind === 'directory' ? 'ISDIR' : 'INVAL', 'not a regular file')
    const refused = of.denied.has(path) ? 'ACCESS_DENIED' : of.refused?.(path, address)
    if (refused !== undefined) throw new NfsError(statusOf[refused] ?? 'IO', `${path}: ${address} refuses it`)
    const most = Math.min(
      count,
      this.readBytes,
      shortBytes === 0 ? Number.POSITIVE_INFINITY : shortBytesOf(shortBytes, this.readBytes),
    )
    const came = Math.max(0, Math.min(node.size - offset, most))
    reads.note(of, address, path, offset, came, life)
    const atEnd = offset + came >= node.size
    const ended = eof === 'at the end' ? atEnd : eof === 'with no bytes' && atEnd && came === 0
    return { count: came, eof: ended, size: this.#manner.attributes ? BigInt(node.size) : undefined }
  }

  #told(node: SimNode, path: string): LookupResult {
    const number = this.#objects.numberOf(node, path)
    const attributes = this.#manner.attributes ? attributesOf(node, number) : undefined
    return { handle: handleOf(this.#options, number), attributes }
  }

  #known(handle: FileHandle): { readonly node: SimNode; readonly path: string; readonly number: number } {
    const [whose, number] = handle.split('#')
    const known = this.#objects.at(Number(number))
    if (whose !== whoseHandles(this.#options) || known === undefined)
      throw new NfsError('BADHANDLE', 'the server does not know this handle')
    if (known.node.gone) throw new NfsError('STALE', 'it is gone')
    return { ...known, number: Number(number) }
  }
}

/** Addresses of one filer know each other's handles; others have their own. */
const whoseHandles = ({ address, handles }: SimMountOptions): string => (handles ? 'all' : address)

const handleOf = (options: SimMountOptions, number: number): FileHandle =>
  `${whoseHandles(options)}#${number}` as FileHandle

/** Large files would take thousands of READs, which show nothing more. */
const readBytesOf = ({ of }: SimMountOptions): number => {
  const largest = Math.max(0, ...[...of.files.values()].map(({ size }) => size))
  return largest > 16 * 1_048_576 ? 64 * 1_048_576 : 1_048_576
}

const shortBytesOf = (shortBytes: number, readBytes: number): number =>
  readBytes > 1_048_576 ? Math.floor(readBytes / 3) : shortBytes

/** The objects behind an export's handles, by a number that all addresses share. */
class Objects {
  readonly #known: { readonly node: SimNode; readonly path: string }[] = []
  readonly #numbers = new Map<SimNode, number>()

  numberOf(node: SimNode, path: string): number {
    const number = getOrMake(this.#numbers, node, () => this.#known.length)
    if (number === this.#known.length) this.#known.push({ node, path })
    return number
  }

  at(number: number): { readonly node: SimNode; readonly path: string } | undefined {
    return this.#known[number]
  }
}

const objectsOf = new WeakMap<SimExport, Objects>()

const attributesOf = (node: SimNode, number: number): Attributes => ({
  type: node.kind === 'other' ? 'fifo' : node.kind,
  mode: 0o644,
  nlink: 1,
  uid: 0,
  gid: 0,
  size: BigInt(node.kind === 'file' ? node.size : 4_096),
  used: 0n,
  fsid: 1n,
  fileid: BigInt(number + 1),
  accessedMs: 0,
  modifiedMs: node.kind === 'file' ? (node.modifiedMs ?? 0) : 0,
  changedMs: 0,
})
