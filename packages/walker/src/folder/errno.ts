import { WalkError, type WalkErrorCode } from '../errors.ts'

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
  // A FIFO, opened without waiting for whoever writes to it.
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
