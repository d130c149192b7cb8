import type { BigIntStats } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import { resolve as absolute } from 'node:path'
import { type Clock, decodeName, systemClock } from '@cachewarmer/nfs'
import pLimit from 'p-limit'
import { isWalkError, WalkError } from '../../errors.ts'
import { ancestorsOf, nameOf, parentOf } from '../../paths.ts'
import type {
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
import { goesElsewhere, traitsOf } from './file-system.ts'
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

interface Asked {
  readonly signal: AbortSignal
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
  const roots = [...new Set([root, absolute(folder)])]
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

  async function* list({ path }: Target, { signal, attributes }: ListOptions): AsyncGenerator<DirectoryPage, void> {
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

  /** A file that vanished since keeps its place: reading it will tell. */
  async function addAttributes(directory: HeldDirectory, entry: Entry): Promise<Entry> {
    try {
      const found = entryOf(entry.name, await lstat(directory.in(entry.name), { bigint: true }))
      return { ...found, kind: entry.kind, handle: entry.handle }
    } catch {
      return entry
    }
  }

  /** Does something with a path in the directory that it lies in, which stays open meanwhile. */
  async function at<T>(path: string, action: (place: string | Buffer) => Promise<T>): Promise<T> {
    const directory = await guard.hold(parentOf(path))
    try {
      return await action(path === '/' ? directory.path : directory.in(nameOf(path)))
    } catch (error) {
      throw isWalkError(error) ? error : fromErrno(error as NodeJS.ErrnoException, path)
    } finally {
      directory.release()
    }
  }

  const look = (path: string): Promise<Entry> =>
    at(path, async (place) => entryOf(nameOf(path), await lstat(place, { bigint: true })))

  async function stat(path: string, { signal, above }: StatOptions): Promise<Entry> {
    signal.throwIfAborted()
    const entry = await look(path)
    return above ? { ...entry, above: await Promise.all(ancestorsOf(path).map(identify)) } : entry
  }

  const identify = async (directory: string): Promise<Identity> => {
    const { id } = await look(directory).catch(() => ({ id: undefined }))
    return { id }
  }

  async function readLink(path: string, { signal }: Asked): Promise<string> {
    signal.throwIfAborted()
    const target = decodeName(await at(path, (place) => readlink(place, 'buffer')))
    if (!target.startsWith('/')) return target
    const inside = roots.find((one) => target === one || target.startsWith(one === '/' ? one : `${one}/`))
    if (inside === undefined) throw new WalkError('OUTSIDE', `${path}: the link leads out of the export`)
    return target.slice(inside === '/' ? 0 : inside.length) || '/'
  }

  function read({ path, handle }: Target, asked: ReadOptions): Promise<ReadOutcome> {
    const begin = (directory: HeldDirectory): Promise<ReadOutcome> => {
      const place = path === '/' ? directory.path : directory.in(nameOf(path))
      return readFile({ path, place, known: handle === knownFile }, asked, reader).finally(() => directory.release())
    }
    const directory = guard.hold(parentOf(path))
    return directory instanceof Promise ? directory.then(begin) : begin(directory)
  }

  const close = async (): Promise<void> => {
    if (options.lane === undefined) await lane.close()
    guard.close()
  }

  const reach = { by: `${traits.protocol} ${mountedAs}`, doubts, connection: traits.connection }
  const dispose = { [Symbol.asyncDispose]: close }
  return { name, handleSpace: 'folder', maxInFlight, reach, list, stat, readLink, read, close, ...dispose }
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
