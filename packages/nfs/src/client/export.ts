import { isNfsError, NfsError } from '../errors.ts'
import { type AskPage, type ListedPage, Listing, type ListingExport, type ListPosition } from '../listing/listing.ts'
import { invalid, pathNames } from '../mount/options.ts'
import { type DirectoryPage, LOOKUP, type LookupResult, READDIR, READDIRPLUS } from '../nfs3/directories.ts'
import { FSINFO, FSSTAT, type FsInfo, type FsStat } from '../nfs3/file-system.ts'
import { READ, READLINK, type ReadResult } from '../nfs3/files.ts'
import { ACCESS, type AccessResult, type Attributes, type FileHandle, GETATTR, handleToHex } from '../nfs3/objects.ts'
import { NULL, type Procedure, type Receiver } from '../rpc/call.ts'
import type { Connection } from '../rpc/connection.ts'
import type { NfsStats, StatsCollector } from './stats.ts'

/** The last parameter of every call. */
export interface CallOptions {
  /** The call rejects with its reason at once; the server may still do the work. */
  readonly signal?: AbortSignal | undefined
  /** Called with each call to the server as it is made, for methods that make several. Sent again, one is the same call. */
  readonly onCall?: (() => void) | undefined
  /** How long each call may be put off by NFS3ERR_JUKEBOX, where that is less than the mount's. Default: as long as that. */
  readonly jukeboxMs?: number | undefined
}

export interface ReadCallOptions extends CallOptions {
  /** Where the bytes go; at least `count` long. Without it they are counted and dropped as they arrive. */
  readonly into?: Uint8Array | undefined
}

/** What a path leads to. */
export interface ResolvedPath extends LookupResult {
  /** The directories on the way, the export's own first, as they were looked up last. Costs no call. */
  readonly above: () => readonly LookupResult[]
}

/** What an opened export is made of; see `mountExport`. */
export interface ExportParts {
  readonly host: string
  readonly exportPath: string
  readonly peer: string | undefined
  readonly root: FileHandle
  /** As of mounting, where the server told. */
  readonly rootAttributes: Attributes | undefined
  readonly info: FsInfo
  readonly readBytes: number
  readonly pageBytes: number
  /** Of the largest page that may be asked for. */
  readonly mostPageBytes: number
  readonly cachedDirectories: number
  readonly connections: readonly Connection[]
  /** For long READs alone; empty: those take the others. */
  readonly longReadConnections: readonly Connection[]
  readonly collector: StatsCollector
  readonly unmount: () => Promise<void>
}

/** Bytes from which on a READ is a long one, and goes by `longReadConnections`: 262,144. */
export const longReadBytes = 262_144

const start: ListPosition = { cookie: 0n, cookieVerifier: 0n }
/** Names that all listings of an export hold together, 16 bytes each or so. */
const mostNames = 1_000_000

/**
 * An opened export. Every method is one call to the server unless it says otherwise; any number may be out at a time, and
 * they are answered in any order. All reject with `NfsError`; none of them changes anything on the server.
 */
export class NfsExport {
  readonly host: string
  readonly exportPath: string
  /** The IP address that `host` stood for when it was mounted. */
  readonly peer: string | undefined
  /** The export's own directory. */
  readonly root: FileHandle
  /** What the server can do, as of mounting. */
  readonly info: FsInfo
  /** Bytes of one READ at most: the server's preference, within `maxReadBytes`. */
  readonly readBytes: number
  /** Bytes of one page of a listing. */
  readonly pageBytes: number
  /** Bytes of the largest file that is read: FSINFO's `maxFileSize`, where it can be meant, and 2^53 - 1 at most. */
  readonly maxFileBytes: number
  /** Exports of the same space take each other's handles: the same export through another address of the same filer. */
  readonly handleSpace: string
  private readonly parts: ExportParts
  private readonly directories: HandleCache
  private closing: Promise<void> | undefined
  private readonly listings: ListingExport

  constructor(parts: ExportParts) {
    this.parts = parts
    this.host = parts.host
    this.exportPath = parts.exportPath
    this.peer = parts.peer
    this.root = parts.root
    this.info = parts.info
    this.readBytes = parts.readBytes
    this.pageBytes = parts.pageBytes
    this.maxFileBytes = maxFileBytesOf(parts.info)
    this.handleSpace = `${handleToHex(parts.root)}:${parts.exportPath}`
    this.directories = new HandleCache(parts.cachedDirectories)
    const { host, exportPath, pageBytes, mostPageBytes } = parts
    const names = { left: mostNames }
    this.listings = { where: { host, exportPath }, pageBytes, mostPageBytes, names, plus: true, plusWorks: false }
  }

  /** Counters since mounting. */
  get stats(): NfsStats {
    return this.parts.collector.snapshot()
  }

  /** Calls without an answer now. */
  get outstanding(): number {
    return this.connections.reduce((sum, connection) => sum + connection.outstanding, 0)
  }

  /** Does nothing, and so shows that the server is there. */
  ping(options?: CallOptions): Promise<void> {
    return this.call(NULL, undefined, options)
  }

  getattr(handle: FileHandle, options?: CallOptions): Promise<Attributes> {
    return this.call(GETATTR, handle, options)
  }

  /** `name` is one name, not a path. */
  lookup(directory: FileHandle, name: string, options?: CallOptions): Promise<LookupResult> {
    return this.call(LOOKUP, { directory, name }, options)
  }

  /** Which of the `accessBits` in `mask` the server grants. */
  access(handle: FileHandle, mask: number, options?: CallOptions): Promise<AccessResult> {
    return this.call(ACCESS, { handle, mask }, options)
  }

  /** The target of a symbolic link. */
  readlink(handle: FileHandle, options?: CallOptions): Promise<string> {
    return this.call(READLINK, handle, options)
  }

  async fsinfo(options?: CallOptions): Promise<FsInfo> {
    return (await this.call(FSINFO, this.root, options)).info
  }

  fsstat(options?: CallOptions): Promise<FsStat> {
    return this.call(FSSTAT, this.root, options)
  }

  /**
   * One READ of at most `count` bytes and at most `readBytes`. Fewer may come although the file has more: see `eof`, and `readRange` for the loop around it.
   */
  read(handle: FileHandle, offset: number | bigint, count: number, options?: ReadCallOptions): Promise<ReadResult> {
    return new Promise((resolve, reject) => this.readTo({ resolve, reject }, handle, offset, count, options))
  }

  /** As `read`, without a promise, for callers with thousands in flight; `receiver` may hear of it before this returns. */
  readTo(
    receiver: Receiver<ReadResult>,
    handle: FileHandle,
    offset: number | bigint,
    count: number,
    options?: ReadCallOptions,
  ): void {
    const into = options?.into
    const asked = Math.min(count, this.readBytes)
    const wrong = wrongRead(offset, asked, into)
    if (wrong !== undefined) {
      receiver.reject(wrong)
      return
    }
    options?.onCall?.()
    const { connections, longReadConnections: long } = this.parts
    const chosen = asked >= longReadBytes && long.length > 0 ? long : connections
    leastBusy(chosen).send(READ, { handle, offset, count: asked, into }, receiver, options?.signal)
  }

  /** A page of names, with attributes and handles where the server likes. `count`: its size in bytes, default `pageBytes`. */
  readdirplus(
    directory: FileHandle,
    { cookie, cookieVerifier }: ListPosition = start,
    options?: CallOptions,
    count: number = this.pageBytes,
  ): Promise<DirectoryPage> {
    return this.call(READDIRPLUS, { directory, cookie, cookieVerifier, count }, options)
  }

  /** A page of names alone. `count`: its size in bytes, default `pageBytes`. */
  readdir(
    directory: FileHandle,
    { cookie, cookieVerifier }: ListPosition = start,
    options?: CallOptions,
    count: number = this.pageBytes,
  ): Promise<DirectoryPage> {
    return this.call(READDIR, { directory, cookie, cookieVerifier, count }, options)
  }

  /**
   * All pages from a position on, by READDIRPLUS, or by READDIR where the server does not support that or fails at it. One
   * call per page, made when it is asked for. No name comes twice while a million names are held for all listings. Throws
   * `BAD_COOKIE` where the server can't continue because the directory changed, and starting over would repeat names;
   * `LISTING_LOOPS` where the server leads back to an earlier place or never comes to an end.
   */
  list(
    directory: FileHandle,
    options: CallOptions & { readonly from?: ListPosition } = {},
  ): AsyncGenerator<ListedPage, void, undefined> {
    const ask: AskPage = (plus, position, count) =>
      plus ? this.readdirplus(directory, position, options, count) : this.readdir(directory, position, options, count)
    return new Listing(this.listings, ask, options.from).run()
  }

  /**
   * Looks a path up, name by name, from the deepest directory on whose handle is remembered. A remembered one that turns
   * out to be stale is looked up again, once. Symbolic links are not followed. Throws `OPTION_INVALID` for `.` and `..`.
   */
  async resolve(path: string, options?: CallOptions): Promise<ResolvedPath> {
    const names = pathNames('path', path)
    try {
      return await this.walk(names, options)
    } catch (error) {
      if (!isNfsError(error) || (error.code !== 'STALE' && error.code !== 'BADHANDLE')) throw error
      this.directories.forget('')
      return await this.walk(names, options)
    }
  }

  private async walk(names: readonly string[], options?: CallOptions): Promise<ResolvedPath> {
    let at = names.length
    let known: LookupResult | undefined
    while (known === undefined) known = --at <= 0 ? this.rootFound : this.directories.get(pathOf(names, at))
    const above = Math.max(at, 0)
    const looked: LookupResult[] = []
    let found = known
    for (let index = above; index < names.length; index++) {
      found = await this.lookup(found.handle, names[index] as string, options)
      if (index === names.length - 1) break
      this.directories.set(pathOf(names, index + 1), found)
      looked.push(found)
    }
    // The root's attributes are those of mounting, which may be long ago.
    const attributes = names.length === 0 ? undefined : found.attributes
    const remembered = (): LookupResult[] =>
      names.slice(0, above + 1).flatMap((_, count) => {
        return count === 0 ? this.rootFound : (this.directories.get(pathOf(names, count)) ?? [])
      })
    return { handle: found.handle, attributes, above: () => [...remembered(), ...looked] }
  }

  private get rootFound(): LookupResult {
    return { handle: this.root, attributes: this.parts.rootAttributes }
  }

  /** Ends all connections: what is out fails with `CLOSED`. Tells the server, if it listens. Never rejects. */
  close(): Promise<void> {
    this.closing ??= (async () => {
      for (const connection of this.connections) connection.close()
      await this.parts.unmount()
    })()
    return this.closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  private get connections(): Connection[] {
    return [...this.parts.connections, ...this.parts.longReadConnections]
  }

  private call<A, R>(procedure: Procedure<A, R>, args: A, options: CallOptions | undefined): Promise<R> {
    options?.onCall?.()
    return leastBusy(this.parts.connections).call(procedure, args, options?.signal, options?.jukeboxMs)
  }
}

/** Directories that were looked up, by path. The least recently used one is forgotten first. */
export class HandleCache {
  private readonly handles = new Map<string, LookupResult>()
  private readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get(path: string): LookupResult | undefined {
    const handle = this.handles.get(path)
    if (handle !== undefined) this.set(path, handle)
    return handle
  }

  set(path: string, handle: LookupResult): void {
    this.handles.delete(path) // A map keeps the order of insertion: the last used one goes to the end.
    this.handles.set(path, handle)
    if (this.handles.size > this.capacity) this.handles.delete(this.handles.keys().next().value as string)
  }

  /** Forgets a path; when it is stale, so may be everything below. */
  forget(path: string): void {
    const below = `${path}/`
    for (const known of this.handles.keys()) if (known === path || known.startsWith(below)) this.handles.delete(known)
  }
}

const pathOf = (names: readonly string[], count: number): string => `/${names.slice(0, count).join('/')}`

/** Servers exist that say 0. No file system of today ends below 2 GiB. */
const leastMaxFileBytes = 2 ** 31 - 1

const maxFileBytesOf = ({ maxFileSize }: FsInfo): number =>
  maxFileSize < leastMaxFileBytes ? Number.MAX_SAFE_INTEGER : Math.min(Number(maxFileSize), Number.MAX_SAFE_INTEGER)

/** The connection with the fewest calls in flight; so one that is being reopened delays few calls. */
function leastBusy(connections: readonly Connection[]): Connection {
  let best = connections[0]
  if (best === undefined) throw new NfsError('CLOSED', 'an export without connections')
  for (let index = 1; index < connections.length; index++) {
    const other = connections[index]
    if (other !== undefined && other.outstanding < best.outstanding) best = other
  }
  return best
}

function wrongRead(offset: number | bigint, count: number, into: Uint8Array | undefined): NfsError | undefined {
  const isOffset = typeof offset === 'bigint' ? offset >= 0n : Number.isSafeInteger(offset) && offset >= 0
  if (!isOffset || !Number.isInteger(count) || count < 0)
    return invalid('offset and count', `${offset}, ${count}`, 'whole numbers from 0 on')
  return into !== undefined && into.length < count
    ? invalid('into', into.length, `at least ${count} bytes long`)
    : undefined
}
