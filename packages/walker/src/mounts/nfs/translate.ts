import {
  type Attributes,
  type FileHandle,
  type FileType,
  isNfsError,
  type LookupResult,
  type NfsError,
} from '@cachewarmer/nfs'
import { isWalkError, WalkError, type WalkErrorCode } from '../../errors.ts'
import type { Entry, EntryKind, Identity } from '../mount.ts'

/** What the port calls it. Devices, FIFOs and sockets are `other`. */
export const kindOf = (type: FileType): EntryKind =>
  type === 'file' || type === 'directory' || type === 'symlink' ? type : 'other'

/**
 * File system and number in it tell directories apart, with the time of their last change: where a server exports several
 * file systems as one (subvolumes of btrfs), their roots have one number, and each its own time. Undefined for the number
 * 0, which says that there is none.
 */
export const idOf = ({ fsid, fileid, changedMs }: Attributes): string | undefined =>
  fileid === 0n ? undefined : `${fsid.toString(16)}:${fileid.toString(16)}:${changedMs}`

export const identityOf = ({ handle, attributes }: LookupResult): Identity => ({
  id: attributes && idOf(attributes),
  handle,
})

/** An entry of a listing. Only directories get an identity: a string for each of a million files is a lot of strings. */
export function entryOf(name: string, attributes: Attributes, handle: FileHandle | undefined): Entry {
  const kind = kindOf(attributes.type)
  if (kind === 'file') return { name, kind, size: Number(attributes.size), modifiedMs: attributes.modifiedMs, handle }
  return kind === 'directory' ? { name, kind, id: idOf(attributes), handle } : { name, kind }
}

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
