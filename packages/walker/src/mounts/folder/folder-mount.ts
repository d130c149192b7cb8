import type { BigIntStats } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import { resolve as absolute } from 'node:path'
import { type Clock, decodeName, systemClock } from '@cachewarmer/nfs'
import pLimit from 'p-limit'
import { isWalkError, WalkError } from '../../errors.ts'
import { ancestorsOf, nameOf, parentOf } from '../../paths.ts'
import type {
  Asking,
  DirectoryPage,
  Entry,
  Identity,
  ListOptions,
  OpenMount,
  ReadOptions,
  ReadOutcome,
  StatOptions,
  Target,
} from '../mount.ts'
import { processBuffers, smallBytes } from './buffers.ts'
import { ExportGuard, type HeldDirectory } from './export-guard.ts'
import { type FileSystemTraits, goesElsewhere, traitsOf } from './file-system.ts'
import { ReadLane } from './lane.ts'
import { knownFile, listFolder } from './list-folder.ts'
import { openFolder } from './open-folder.ts'
import { openFlags, type Reader, readFile } from './read-file.ts'
import { fromErrno, idOf, kindOf } from './system.ts'

export interface FolderMountOptions {
  /** Where the export is mounted on this machine. */
  readonly folder: string
  /**
   * A folder above it, below which nothing on the way may be a link, as others may have made one. Default: links are followed,
   * once, when the mount is opened.
   */
  readonly within?: string | undefined
  /** The IP address that it is to be read through; any name is not checked. Default: none. */
  readonly address?: string | undefined
  /** Stay in the folder's own file system: a directory that another one is mounted on is `OUTSIDE`. Default false. */
  readonly oneFileSystem?: boolean | undefined
  /** What reports call the mount. Default: the folder as given. */
  readonly name?: string | undefined
  /** What made the folder show the export, for reports: `folder`, mounted before; `kernel mount`, for this job. Default `folder`. */
  readonly mountedAs?: 'folder' | 'kernel mount' | undefined
  /** Reads in flight that make sense here. Default 1024, as many threads as libuv can have. */
  readonly maxInFlight?: number | undefined
  /** The thread that reads files which are at hand. Default: one of its own. Mounts of one process may share one. */
  readonly lane?: ReadLane | undefined
  /** Times reads. Default the system's. */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

export interface ReadLaneOptions {
  /** Times reads. Default the system's. */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/** A lane for `folderMount`. Its thread starts with the first file and keeps no program alive. */
export const openReadLane = (options: ReadLaneOptions = {}): ReadLane => {
  const { clock = systemClock } = options
  return new ReadLane({ flags: openFlags, bufferBytes: smallBytes, now: () => clock.now() })
}

/**
 * A mount over a folder of this machine, such as a kernel's NFS mount. Files that are at hand (in the page cache, on a
 * fast disk) are read one after the other by a thread of its own, in batches. As soon as they take longer, as behind a
 * slow link, every operation is a system call on one of libuv's threads: four, unless
 * UV_THREADPOOL_SIZE says otherwise when the process starts.
 * On network file systems files are read past this machine's page cache, in blocks of 4 MiB where they are large; `reach`
 * says where that is not possible. All folders of a process hold at most 256 MiB in buffers.
 * Throws `NOT_FOUND` or `NOT_A_DIRECTORY` when the folder is not there, `OUTSIDE` for a link below `within`,
 * `CONNECTION_SHARED` for a mount of an address that the kernel reads through its connection to another one.
 */
export function folderMount(options: FolderMountOptions): OpenMount {
  const { folder, name = folder, mountedAs = 'folder', maxInFlight = 1024, clock = systemClock } = options
  const opened = openFolder(folder, options.within)
  const root = opened.real().toString()
  const traits = traitsOf(root)
  if (goesElsewhere(options.address ?? '', traits)) {
    opened.close()
    const why = `shares a connection with ${traits.address}: this machine's NFS client has one for both`
    throw new WalkError('CONNECTION_SHARED', `${name} ${why} (${traits.protocol})`)
  }
  const guard = new ExportGuard(opened, options)
  const lane = options.lane ?? openReadLane({ clock: options.clock })
  const doubts = new Set(traits.doubts)
  if (mountedAs === 'folder' && !doubts.has('local')) doubts.add('attributes')
  const reader: Reader = { ...traits, buffers: processBuffers, lane, doubts, now: () => clock.now() }
  const place: Place = { guard, traits, reader, roots: [...new Set([root, absolute(folder)])] }
  const close = async (): Promise<void> => {
    if (options.lane === undefined) await lane.close()
    guard.close()
  }
  return {
    name,
    handleSpace: 'folder',
    maxInFlight,
    reach: { by: `${traits.protocol} ${mountedAs}`, doubts, connection: traits.connection },
    list: (directory, asked) => list(place, directory, asked),
    stat: (path, asked) => stat(place, path, asked),
    readLink: (path, asked) => readLink(place, path, asked),
    read: (target, asked) => read(place, target, asked),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** An opened folder, and how its files are read. */
interface Place {
  readonly guard: ExportGuard
  readonly traits: FileSystemTraits
  readonly reader: Reader
  /** Where its root lies, by every path that a link may name it with. */
  readonly roots: readonly string[]
}

async function* list(
  { guard, traits }: Place,
  { path }: Target,
  { signal, attributes }: ListOptions,
): AsyncGenerator<DirectoryPage, void> {
  signal.throwIfAborted()
  const limit = pLimit(32)
  const withSize = async (entry: Entry): Promise<Entry> =>
    entry.kind === 'file' && entry.size === undefined ? limit(() => addAttributes(entered, entry)) : entry
  const entered = await guard.enter(path)
  try {
    let directory: Identity | undefined = { id: await entered.identify({ atOnce: traits.closesAtOnce }) }
    for await (const entries of listFolder(Buffer.from(entered.path), traits)) {
      signal.throwIfAborted()
      yield { entries: attributes ? await Promise.all(entries.map(withSize)) : entries, directory }
      directory = undefined
    }
  } catch (error) {
    if (signal.aborted || isWalkError(error)) throw error
    throw fromErrno(error as NodeJS.ErrnoException, path)
  } finally {
    entered.release()
  }
}

async function stat(place: Place, path: string, { signal, above }: StatOptions): Promise<Entry> {
  signal.throwIfAborted()
  const entry = await look(place, path)
  const identify = async (directory: string): Promise<Identity> => {
    const { id } = await look(place, directory).catch(() => ({ id: undefined }))
    return { id }
  }
  return above ? { ...entry, above: await Promise.all(ancestorsOf(path).map(identify)) } : entry
}

async function readLink({ guard, roots }: Place, path: string, { signal }: Asking): Promise<string> {
  signal.throwIfAborted()
  const target = decodeName(await at(guard, path, (link) => readlink(link, 'buffer')))
  if (!target.startsWith('/')) return target
  const inside = roots.find((one) => target === one || target.startsWith(one === '/' ? one : `${one}/`))
  if (inside === undefined) throw new WalkError('OUTSIDE', `${path}: the link leads out of the export`)
  return target.slice(inside === '/' ? 0 : inside.length) || '/'
}

/** No async function, for it is called for every file, and the directory of most is held already. */
function read({ guard, reader }: Place, { path, handle }: Target, asked: ReadOptions): Promise<ReadOutcome> {
  const begin = (directory: HeldDirectory): Promise<ReadOutcome> => {
    const place = path === '/' ? directory.path : directory.in(nameOf(path))
    return readFile({ path, place, known: handle === knownFile }, asked, reader).finally(() => directory.release())
  }
  const directory = guard.hold(parentOf(path))
  return directory instanceof Promise ? directory.then(begin) : begin(directory)
}

const look = ({ guard }: Place, path: string): Promise<Entry> =>
  at(guard, path, async (found) => entryOf(nameOf(path), await lstat(found, { bigint: true })))

/** Does something with a path in the directory that it lies in, which stays open meanwhile. */
async function at<T>(guard: ExportGuard, path: string, action: (place: string | Buffer) => Promise<T>): Promise<T> {
  const directory = await guard.hold(parentOf(path))
  try {
    return await action(path === '/' ? directory.path : directory.in(nameOf(path)))
  } catch (error) {
    throw isWalkError(error) ? error : fromErrno(error as NodeJS.ErrnoException, path)
  } finally {
    directory.release()
  }
}

/** A file that vanished since keeps its place: reading it will tell. */
async function addAttributes(directory: HeldDirectory, entry: Entry): Promise<Entry> {
  try {
    const found = entryOf(entry.name, await lstat(directory.in(entry.name), { bigint: true }))
    return { ...found, kind: entry.kind, handle: entry.handle }
  } catch {
    return entry
  }
}

function entryOf(name: string, stats: BigIntStats): Entry {
  return {
    name,
    kind: kindOf(stats),
    size: Number(stats.size),
    modifiedMs: Number(stats.mtimeMs),
    id: idOf(stats),
  }
}
