import { type BigIntStats, chmodSync, closeSync, openSync, realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'

/** An SQLite database in WAL mode, with its log and its shared memory (https://www.sqlite.org/walformat.html). */
const filesOf = (file: string): readonly string[] => [file, `${file}-wal`, `${file}-shm`]

const look = (path: string): BigIntStats | undefined => statSync(path, { bigint: true, throwIfNoEntry: false })

/**
 * Opens a database that is for its owner alone, with every umask; SQLite gives the two files beside it the same mode.
 * An existing file loses the rights of others, and keeps those of its group.
 */
export function openPrivately<T>(file: string, open: () => T): T {
  make(file)
  const database = open()
  for (const path of filesOf(realpathSync(file))) keepFromOthers(path)
  return database
}

function make(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch {
    // It is there, or can't be made, and then SQLite says why.
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
