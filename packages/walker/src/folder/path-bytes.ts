import { decodeName, encodeName } from '@cachewarmer/nfs'
import { WalkError } from '../errors.ts'

const notAscii = /[^\0-\x7f]/

/** A name as `encoding: 'latin1'` gives it, one character a byte; in ASCII, which nearly all are, it is the name itself. */
export const fromLatin1 = (name: string): string =>
  notAscii.test(name) ? decodeName(Buffer.from(name, 'latin1')) : name

/** What system calls take for the path: its string, or its bytes where they are not UTF-8. */
export function systemPath(path: string): string | Buffer {
  if (path.isWellFormed()) return path
  try {
    return encodeName(path)
  } catch (error) {
    throw new WalkError('NOT_FOUND', `${path}: no file can have this name`, { cause: error })
  }
}
