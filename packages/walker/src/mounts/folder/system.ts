import type { BigIntStats } from 'node:fs'
import { decodeName, encodeName } from '@cachewarmer/nfs'
import { WalkError, type WalkErrorCode } from '../../errors.ts'
import type { EntryKind } from '../mount.ts'

const codes: Readonly<Record<string, WalkErrorCode>> = {
  ENOENT: 'NOT_FOUND',
  EACCES: 'ACCESS_DENIED',
  EPERM: 'ACCESS_DENIED',
  // With O_NOFOLLOW: a link where a file was.
  ELOOP: 'NOT_A_FILE',
  // A socket, or a device without a driver.
  ENXIO: 'NOT_A_FILE',
  ENODEV: 'NOT_A_FILE',
  EISDIR: 'NOT_A_FILE',
  // A FIFO, opened without waiting for a writer.
  EAGAIN: 'NOT_A_FILE',
  ESPIPE: 'NOT_A_FILE',
  // What the lane says of something that it did not open.
  NOT_A_FILE: 'NOT_A_FILE',
  ENOTDIR: 'NOT_A_DIRECTORY',
  ESTALE: 'STALE',
  EIO: 'IO',
  EREMOTEIO: 'IO',
  ETIMEDOUT: 'TIMEOUT',
  EHOSTDOWN: 'MOUNT_DOWN',
  EHOSTUNREACH: 'MOUNT_DOWN',
  ENETUNREACH: 'MOUNT_DOWN',
  ENOTCONN: 'MOUNT_DOWN',
  ESHUTDOWN: 'MOUNT_DOWN',
  ENAMETOOLONG: 'NAME_TOO_LONG',
}

/** What a system call failed with, in the walk's words. */
export function fromErrno(error: NodeJS.ErrnoException, path: string): WalkError {
  const code = codes[error.code ?? ''] ?? 'OTHER'
  return new WalkError(code, `${path}: ${error.code ?? error.message}`, { cause: error })
}

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

interface Kinds {
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
}

/** What the port calls it. Devices, FIFOs, sockets and what else there may be are `other`. */
export function kindOf(found: Kinds): EntryKind {
  if (found.isFile()) return 'file'
  if (found.isDirectory()) return 'directory'
  return found.isSymbolicLink() ? 'symlink' : 'other'
}

/**
 * File system, number and time of the last change: subvolumes that are mounted as one file system all have the same number
 * for their roots. Undefined for the number 0, which says that there is none. Inode numbers have 64 bits: as doubles two
 * of them could be one.
 */
export const idOf = ({ dev, ino, ctimeNs }: BigIntStats): string | undefined =>
  ino === 0n ? undefined : `${dev}:${ino}:${ctimeNs}`
