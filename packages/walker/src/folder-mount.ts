import { type BigIntStats, realpathSync, statSync } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import { resolve as absolute } from 'node:path'
import { decodeName } from '@cachewarmer/nfs'
import pLimit from 'p-limit'
import { isWalkError, WalkError } from './errors.ts'
import { BufferPool } from './folder/buffers.ts'
import { fromErrno } from './folder/errno.ts'
import { ExportGuard } from './folder/export-guard.ts'
import { traitsOf } from './folder/file-system.ts'
import { idOf } from './folder/identity.ts'
import { kindOf } from './folder/kind.ts'
import { ReadLane } from './folder/lane.ts'
import { knownFile, listFolder } from './folder/list-folder.ts'
import { openFlags, type Reader, readFile } from './folder/read-file.ts'
import type {
  DirectoryPage,
  Entry,
  Identity,
  ListOptions,
  Mount,
  ReadOptions,
  ReadOutcome,
  StatOptions,
  Target,
} from './mount.ts'
import { ancestorsOf, joinPath, nameOf, parentOf, show } from './paths.ts'

export interface FolderMountOptions {
  /** Where the export is mounted on this machine. */
  readonly folder: string
  /** What reports call the mount. Default: the folder as given. */
  readonly name?: string
  /** Bytes a system call reads. Default 256 KiB, which stays within a core's own cache. */
  readonly bufferBytes?: number
  /** Reads in flight that make sense here. Default 1024, as many threads as libuv can have. */
  readonly maxInFlight?: number
  /** The thread that reads files which are at hand. Default: one of its own. Mounts of one process may share one. */
  readonly lane?: ReadLane
}

/** A lane for `folderMount`. Its thread starts with the first file and keeps no program alive. */
export const openReadLane = (options: { readonly bufferBytes?: number; readonly now?: () => number } = {}): ReadLane =>
  new ReadLane({
    flags: openFlags,
    bufferBytes: options.bufferBytes ?? defaultBufferBytes,
    now: options.now ?? now,
  })

const defaultBufferBytes = 256 * 1024

const now = (): number => performance.now()

interface Asked {
  readonly signal: AbortSignal
}

/**
 * A mount over a folder of this machine, such as a kernel's NFS mount. Files that are at hand (in the page cache, on a
 * fast disk) are read one after the other by a thread of its own, in batches. As soon as they take longer, as behind a
 * slow link, every operation is a system call on one of libuv's threads, of which there are four unless
 * UV_THREADPOOL_SIZE says otherwise when the process starts.
 * Throws `NOT_FOUND` or `NOT_A_DIRECTORY` when the folder is not there.
 */
export function folderMount(options: FolderMountOptions): Mount {
  const { folder, name = folder, bufferBytes = defaultBufferBytes, maxInFlight = 1024 } = options
  const root = rootOf(folder)
  const roots = [...new Set([root, absolute(folder)])]
  const traits = traitsOf(root)
  const guard = new ExportGuard(root)
  const lane = options.lane ?? openReadLane({ bufferBytes })
  const buffers = new BufferPool({ bytes: bufferBytes, keep: 64 })
  const { closesAtOnce, shortReadsEnd } = traits
  const reader: Reader = { full: (path) => guard.full(path), buffers, closesAtOnce, shortReadsEnd, lane, now }

  async function* list({ path }: Target, { signal, attributes }: ListOptions): AsyncGenerator<DirectoryPage, void> {
    signal.throwIfAborted()
    const limit = pLimit(32)
    const withSize = async (entry: Entry): Promise<Entry> =>
      entry.kind === 'file' && entry.size === undefined ? limit(() => addAttributes(path, entry)) : entry
    const entered = await guard.enter(path, traits)
    try {
      let directory: Identity | undefined = { id: await entered.identify() }
      for await (const entries of listFolder(entered.path, traits)) {
        signal.throwIfAborted()
        yield { entries: attributes ? await Promise.all(entries.map(withSize)) : entries, directory }
        directory = undefined
      }
    } catch (error) {
      if (signal.aborted || isWalkError(error)) throw error
      throw fromErrno(error as NodeJS.ErrnoException, path)
    } finally {
      entered.close()
    }
  }

  /** A file that vanished since keeps its place: reading it will tell. */
  async function addAttributes(directory: string, entry: Entry): Promise<Entry> {
    try {
      return { ...(await look(joinPath(directory, entry.name))), kind: entry.kind, handle: entry.handle }
    } catch {
      return entry
    }
  }

  async function look(path: string): Promise<Entry> {
    try {
      return entryOf(nameOf(path), await lstat(guard.full(path), { bigint: true }))
    } catch (error) {
      throw isWalkError(error) ? error : fromErrno(error as NodeJS.ErrnoException, path)
    }
  }

  async function stat(path: string, { signal, above }: StatOptions): Promise<Entry> {
    signal.throwIfAborted()
    if (!guard.knows(parentOf(path))) await guard.check(parentOf(path))
    const entry = await look(path)
    return above ? { ...entry, above: await Promise.all(ancestorsOf(path).map(identify)) } : entry
  }

  const identify = async (directory: string): Promise<Identity> => {
    const { id } = await look(directory).catch(() => ({ id: undefined }))
    return { id }
  }

  async function readLink(path: string, { signal }: Asked): Promise<string> {
    signal.throwIfAborted()
    if (!guard.knows(parentOf(path))) await guard.check(parentOf(path))
    let target: string
    try {
      target = decodeName(await readlink(guard.full(path), 'buffer'))
    } catch (error) {
      throw fromErrno(error as NodeJS.ErrnoException, path)
    }
    if (!target.startsWith('/')) return target
    const inside = roots.find((one) => target === one || target.startsWith(one === '/' ? one : `${one}/`))
    if (inside === undefined) throw new WalkError('OUTSIDE', `${path}: the link leads out of the export`)
    return target.slice(inside === '/' ? 0 : inside.length) || '/'
  }

  function read({ path, handle }: Target, asked: ReadOptions): Promise<ReadOutcome> {
    const begin = (): Promise<ReadOutcome> => readFile({ path, known: handle === knownFile }, asked, reader)
    const directory = parentOf(path)
    return guard.knows(directory) ? begin() : guard.check(directory).then(begin)
  }

  const close = async (): Promise<void> => {
    if (options.lane === undefined) await lane.close()
  }

  return { name, handleSpace: 'folder', maxInFlight, list, stat, readLink, read, close }
}

function rootOf(folder: string): string {
  let root: string
  try {
    root = realpathSync(folder)
  } catch (error) {
    const { code } = fromErrno(error as NodeJS.ErrnoException, folder)
    throw new WalkError(code, `folder is ${show(folder)}, expected a folder that is there`, { cause: error })
  }
  if (statSync(root).isDirectory()) return root
  throw new WalkError('NOT_A_DIRECTORY', `folder is ${show(folder)}, expected a folder, and it is a file`)
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
