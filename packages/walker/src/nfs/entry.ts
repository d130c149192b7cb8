import type { Attributes, FileHandle, FileType, LookupResult } from '@cachewarmer/nfs'
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
