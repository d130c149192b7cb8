import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { decodeText } from './decode-text.ts'
import { UsageError } from './errors.ts'

const maxBytes = 65_536

/** Owner of a file, as `fstat` tells it. */
export type Ownership = Pick<Stats, 'uid' | 'mode'>

/**
 * Reads a secret from a file, without blanks around it. `option` names the file in errors, such as `--storage-key-file`.
 * Owner and mode are those of the file that was opened, so that it can't be exchanged in between. Throws `UsageError` for
 * a file that can't be read, is longer than 64 KiB, or that other users can read or change.
 */
export function readSecretFile(option: string, file: string): string {
  let opened: number | undefined
  try {
    opened = openSync(file, 'r')
    const complaint = looseness(fstatSync(opened), process.geteuid?.())
    if (complaint !== undefined) throw new Error(complaint)
    return decodeText(readAll(opened)).trim()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${option} ${file}: ${reason}`, { cause: error })
  } finally {
    if (opened !== undefined) closeSync(opened)
  }
}

/**
 * Why others have too many rights to a file of secrets; undefined: they don't. The group may read a file of root's, as
 * PostgreSQL has it for its keys: that is how an administrator gives a service's user a secret. `user` undefined: the
 * system has no users of this kind (Windows), and modes say nothing.
 */
export function looseness({ uid, mode }: Ownership, user: number | undefined): string | undefined {
  if (user === undefined) return undefined
  if (uid !== user && uid !== 0)
    return `user ${uid} owns this file and can change it; expected the owner to be user ${user} or root (chown)`
  const allowed = uid === 0 ? 0o740 : 0o700
  const shown = (mode & 0o777).toString(8).padStart(4, '0')
  if ((mode & 0o777 & ~allowed) === 0) return undefined
  return `other users can read or change this file (mode ${shown}); expected mode 0600: chmod 600 FILE`
}

/** A device or a pipe may have no end: no more than the bound is read. */
function readAll(file: number): Buffer {
  const buffer = Buffer.alloc(maxBytes + 1)
  let filled = 0
  for (;;) {
    const read = readSync(file, buffer, filled, buffer.length - filled, null)
    filled += read
    if (filled > maxBytes) throw new Error(`a secret of at most ${maxBytes} bytes was expected`)
    if (read === 0) return buffer.subarray(0, filled)
  }
}
