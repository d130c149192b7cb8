import { realpathSync, type Stats } from 'node:fs'
import { lstat, realpath } from 'node:fs/promises'
import { WalkError } from './errors.ts'
import { BufferPool } from './folder/buffers.ts'
import { fromErrno } from './folder/errno.ts'
import { knownFile, listFolder } from './folder/list-folder.ts'
import { systemPath } from './folder/path-bytes.ts'
import { readFile } from './folder/read-file.ts'
import type { DirectoryPage, Entry, ListOptions, Mount, ReadOptions, ReadOutcome, Target } from './mount.ts'
import { joinPath, nameOf } from './paths.ts'

export interface FolderMountOptions {
  /** Where the export is mounted on this machine. */
  readonly folder: string
  /** What reports call the mount. Default: the folder as given. */
  readonly name?: string
  /** Bytes a system call reads. Default 256 KiB, which stays within a core's own cache. */
  readonly bufferBytes?: number
}

/**
 * A mount over a folder of this machine, such as a kernel's NFS mount. Every operation is a system call on one of
 * libuv's threads: start the process with UV_THREADPOOL_SIZE at about the reads in flight.
 * Throws `NOT_FOUND` or `NOT_A_DIRECTORY` when the folder is not there.
 */
export function folderMount({ folder, name = folder, bufferBytes = 256 * 1024 }: FolderMountOptions): Mount {
  const root = rootOf(folder)
  const buffers = new BufferPool({ bytes: bufferBytes, keep: 64 })
  const full = (path: string): string | Buffer => systemPath(path === '/' ? root : root === '/' ? path : root + path)

  async function* list(directory: Target, options: ListOptions): AsyncGenerator<DirectoryPage, void> {
    const { signal, attributes } = options
    signal.throwIfAborted()
    try {
      const real = await realpath(full(directory.path), 'buffer')
      for await (const entries of listFolder(real)) {
        signal.throwIfAborted()
        yield {
          entries: attributes ? await Promise.all(entries.map((e) => withAttributes(directory.path, e))) : entries,
        }
      }
    } catch (error) {
      throw signal.aborted ? signal.reason : fromErrno(error as NodeJS.ErrnoException, directory.path)
    }
  }

  async function withAttributes(directory: string, entry: Entry): Promise<Entry> {
    if (entry.kind !== 'file') return entry
    return { ...(await stat(joinPath(directory, entry.name))), handle: entry.handle }
  }

  async function stat(path: string): Promise<Entry> {
    try {
      return entryOf(nameOf(path), await lstat(full(path)))
    } catch (error) {
      throw fromErrno(error as NodeJS.ErrnoException, path)
    }
  }

  function read(file: Target, options: ReadOptions): Promise<ReadOutcome> {
    const known = file.handle === knownFile
    return readFile({ path: file.path, systemPath: full(file.path), known }, options, buffers)
  }

  return { name, handleSpace: 'folder', maxInFlight: 1024, list, stat, read, close: async () => {} }
}

function rootOf(folder: string): string {
  try {
    return realpathSync(folder)
  } catch (error) {
    throw new WalkError('NOT_FOUND', `folder is ${JSON.stringify(folder)}, expected a folder that is there`, {
      cause: error,
    })
  }
}

function entryOf(name: string, stats: Stats): Entry {
  const kind = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'directory'
      : stats.isSymbolicLink()
        ? 'symlink'
        : 'other'
  return { name, kind, size: stats.size, modifiedMs: stats.mtimeMs, id: `${stats.dev}:${stats.ino}` }
}
