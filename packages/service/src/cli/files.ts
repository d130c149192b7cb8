import { closeSync, createReadStream, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { decodeName } from '@cachewarmer/core'
import { UsageError } from './exit-code.ts'

const help = 'convert it, as with iconv --from-code UTF-16 --to-code UTF-8'

/** What a text begins with that is no UTF-8 (Unicode Standard, section 23.8, "Byte Order Mark"); the longer marks first. */
const foreign: readonly (readonly [name: string, mark: readonly number[]])[] = [
  ['UTF-32', [0xff, 0xfe, 0x00, 0x00]],
  ['UTF-32', [0x00, 0x00, 0xfe, 0xff]],
  ['UTF-16', [0xff, 0xfe]],
  ['UTF-16', [0xfe, 0xff]],
]

/** Throws `UsageError` for the first bytes of a text that is in UTF-16 or UTF-32, as some editors and shells save it. */
export function refuseForeignText(start: Uint8Array): void {
  const found = foreign.find(([, mark]) => mark.every((byte, at) => start[at] === byte))
  if (found !== undefined) throw new UsageError(`expected UTF-8, got ${found[0]}: ${help}`)
}

/**
 * The text of a file that a person wrote. A byte order mark is dropped; bytes that are no UTF-8 stay what they are, as in
 * names. Throws `UsageError` for UTF-16 and UTF-32, marked or told by its NUL bytes, which no text of ours holds.
 */
export function decodeText(bytes: Uint8Array): string {
  refuseForeignText(bytes)
  const nul = bytes.indexOf(0)
  if (nul >= 0) throw new UsageError(`expected text in UTF-8, got a NUL at byte ${nul + 1}: if it is UTF-16, ${help}`)
  return decodeName(bytes).replace(/^\uFEFF/, '')
}

/** How files are read; `-` is standard input. */
export interface Files {
  /** The text of a file, without a byte order mark. Throws `UsageError` for one that is not in UTF-8. */
  readText(file: string): Promise<string>
  /** The bytes of a file, piece by piece. Throws when the file can't be opened. */
  readBytes(file: string): AsyncIterable<Uint8Array>
}

/** The files of this machine. */
export const systemFiles: Files = {
  readText: async (file) => decodeText(await (file === '-' ? buffer(process.stdin) : readFile(file))),
  readBytes: (file) => (file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 1 << 20 })),
}

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
