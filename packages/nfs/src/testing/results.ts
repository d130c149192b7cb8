import type { DirectoryEntry } from '../nfs3/directories.ts'
import { type Attributes, type FileType, fileTypes } from '../nfs3/objects.ts'
import type { XdrWriter } from '../xdr/writer.ts'

/*
 * What the decoders of nfs3/ read, written: the server's half of RFC 1813.
 */

/** As RFC 1813 says, or with a number of no type. */
export type WrittenAttributes = Omit<Attributes, 'type'> & { readonly type: FileType | number }

export function encodeAttributes(w: XdrWriter, attributes: WrittenAttributes): void {
  w.u32(typeof attributes.type === 'number' ? attributes.type : fileTypes.indexOf(attributes.type))
  w.u32(attributes.mode)
  w.u32(attributes.nlink)
  w.u32(attributes.uid)
  w.u32(attributes.gid)
  w.u64(attributes.size)
  w.u64(attributes.used)
  w.u64(0) // rdev
  w.u64(attributes.fsid)
  w.u64(attributes.fileid)
  for (const ms of [attributes.accessedMs, attributes.modifiedMs, attributes.changedMs]) {
    w.u32(Math.floor(ms / 1000))
    w.u32(Math.round((ms % 1000) * 1e6))
  }
}

/** post_op_attr */
export function encodeOptionalAttributes(w: XdrWriter, attributes: WrittenAttributes | undefined): void {
  w.bool(attributes !== undefined)
  if (attributes !== undefined) encodeAttributes(w, attributes)
}

/** entry3, behind its flag. */
export function encodeName3(w: XdrWriter, entry: Pick<DirectoryEntry, 'fileid' | 'cookie'>, name: Uint8Array): void {
  w.u64(entry.fileid)
  w.opaque(name)
  w.u64(entry.cookie)
}

/** entryplus3, behind its flag. */
export function encodeNamePlus3(
  w: XdrWriter,
  entry: Omit<DirectoryEntry, 'name' | 'attributes'> & { readonly attributes: WrittenAttributes | undefined },
  name: Uint8Array,
): void {
  encodeName3(w, entry, name)
  encodeOptionalAttributes(w, entry.attributes)
  w.bool(entry.handle !== undefined)
  if (entry.handle !== undefined) w.latin1(entry.handle)
}
