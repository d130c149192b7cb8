import {
  type BigIntStats,
  chmodSync,
  closeSync,
  fchownSync,
  openSync,
  realpathSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'

/** An SQLite database in WAL mode, with its log and its shared memory (https://www.sqlite.org/walformat.html). */
const filesOf = (file: string): readonly string[] => [file, `${file}-wal`, `${file}-shm`]

const look = (path: string): BigIntStats | undefined => statSync(path, { bigint: true, throwIfNoEntry: false })

/**
 * Opens a database that is for its owner alone, with every umask; SQLite gives the two files beside it the same mode.
 * An existing file loses the rights of others, and keeps those of its group. A file that root makes in the folder of another
 * user, such as a service's, belongs to that user, who could not open it otherwise.
 */
export function openPrivately<T>(file: string, open: () => T): T {
  make(file)
  const database = open()
  for (const path of filesOf(realpathSync(file))) keepFromOthers(path)
  return database
}

function make(file: string): void {
  let made: number
  try {
    made = openSync(file, 'wx', 0o600)
  } catch {
    // It is there, or can't be made, and then SQLite says why.
    return
  }
  try {
    const { uid, gid } = statSync(dirname(file))
    fchownSync(made, uid, gid)
  } catch {
    // Only root may; every other user makes files of its own.
  } finally {
    closeSync(made)
  }
}

function keepFromOthers(path: string): void {
  try {
    const { mode } = statSync(path)
    if ((mode & 0o007) !== 0) chmodSync(path, mode & 0o770)
  } catch {
    // It is another user's, or not there, or the filesystem has no modes.
  }
}

/**
 * Remembers which files an open database consists of. The function that it gives says what has become of them since:
 * another database under this name, or none, is written to by others, and never by this connection.
 */
export function watchFile(file: string): () => 'removed' | 'replaced' | undefined {
  const [, ...beside] = filesOf(realpathSync(file))
  const opened = [resolve(file), ...beside].flatMap((path) => {
    const stats = look(path)
    return stats === undefined ? [] : [{ path, dev: stats.dev, ino: stats.ino }]
  })
  return () => {
    for (const { path, dev, ino } of opened) {
      const now = look(path)
      if (now === undefined) return 'removed'
      if (now.ino !== ino || now.dev !== dev) return 'replaced'
    }
    return undefined
  }
}

/** `f_type` of statfs(2) on Linux, for filesystems on which WAL's shared memory or locks are not to be trusted. */
const unfit: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB2'],
  [0xff534d42, 'CIFS'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x5346414f, 'AFS'],
  [0x73757245, 'Coda'],
  [0x564c, 'NCP'],
  [0x786f4256, 'VirtualBox shared folder'],
])

/**
 * The filesystem that a database can't be kept on, by name: where several machines could open it at once its readers and
 * writers meet in shared memory, so that they would ruin it. See "WAL does not work over a network filesystem" in SQLite's
 * documentation of WAL. A link is followed. Throws what statfs(2) says of a folder that can't be read.
 */
export function unfitFilesystem(
  file: string,
  statfs: (path: string) => { readonly type: number } = statfsSync,
): string | undefined {
  return unfit.get(statfs(dirname(real(file))).type >>> 0)
}

const real = (file: string): string => {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}
