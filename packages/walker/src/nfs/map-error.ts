import { isNfsError, type NfsError } from '@cachewarmer/nfs'
import { isWalkError, WalkError, type WalkErrorCode } from '../errors.ts'

const codes: Readonly<Partial<Record<NfsError['code'], WalkErrorCode>>> = {
  NOENT: 'NOT_FOUND',
  ACCES: 'ACCESS_DENIED',
  PERM: 'ACCESS_DENIED',
  RPC_REFUSED: 'ACCESS_DENIED',
  NOTDIR: 'NOT_A_DIRECTORY',
  ISDIR: 'NOT_A_FILE',
  STALE: 'STALE',
  BADHANDLE: 'STALE',
  NAMETOOLONG: 'NAME_TOO_LONG',
  BAD_COOKIE: 'LISTING_CHANGED',
  NOT_SYNC: 'LISTING_CHANGED',
  LISTING_LOOPS: 'LISTING_CHANGED',
  FBIG: 'TOO_LARGE',
  IO: 'IO',
  SERVERFAULT: 'IO',
  PROTOCOL: 'IO',
  TOO_MANY_CALLS: 'IO',
  // After a minute of waiting. Not TIMEOUT: the address answers, and must not pass for dead.
  JUKEBOX: 'IO',
  TIMEOUT: 'TIMEOUT',
  REFUSED: 'MOUNT_DOWN',
  UNREACHABLE: 'MOUNT_DOWN',
  CLOSED: 'MOUNT_DOWN',
  // When the export is opened.
  PORTMAP_MISSING: 'MOUNT_DOWN',
  EXPORT_NOT_FOUND: 'NOT_FOUND',
  ADDRESS_REFUSED: 'ACCESS_DENIED',
  EXPORT_DENIED: 'ACCESS_DENIED',
  KERBEROS_ONLY: 'ACCESS_DENIED',
  PRIVILEGED_PORT: 'ACCESS_DENIED',
  OPTION_INVALID: 'OPTION_INVALID',
  URL_INVALID: 'OPTION_INVALID',
}

/** What the NFS client threw, in the walk's words and with the client's text. Anything else, an abort's reason too, stays what it is. */
export function fromNfs(error: unknown, path?: string): unknown {
  if (isWalkError(error) || !isNfsError(error)) return error
  const text = path === undefined ? error.message : `${path}: ${error.message}`
  return new WalkError(codes[error.code] ?? 'OTHER', text, { cause: error })
}

/** The handle is no good here; the path may be. */
export const isStale = (error: unknown): boolean =>
  isNfsError(error) && (error.code === 'STALE' || error.code === 'BADHANDLE')
