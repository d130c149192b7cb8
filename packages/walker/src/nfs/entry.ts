import type { Attributes, FileHandle, FileType } from '@cachewarmer/nfs'
import type { Entry, EntryKind } from '../mount.ts'

/** What the port calls it. Devices, FIFOs and sockets are `other`. */
export const kindOf = (type: FileType): EntryKind =>
  type === 'file' || type === 'directory' || type === 'symlink' ? type : 'other'

/** File system and number in it tell objects apart. */
export const idOf = ({ fsid, fileid }: Attributes): string => `${fsid.toString(16)}:${fileid.toString(16)}`

/** An entry of a listing. Only directories get an identity: a string for each of a million files is a lot of strings. */
export function entryOf(name: string, attributes: Attributes, handle: FileHandle | undefined): Entry {
  const kind = kindOf(attributes.type)
  if (kind === 'file') return { name, kind, size: Number(attributes.size), modifiedMs: attributes.modifiedMs, handle }
  return kind === 'directory' ? { name, kind, id: idOf(attributes), handle } : { name, kind }
}
