import { protocolError } from '../errors.ts'
import type { XdrReader } from '../xdr/reader.ts'

/** ftype3, RFC 1813 section 2.5; the index is the number. */
export const fileTypes = [undefined, 'file', 'directory', 'block', 'character', 'symlink', 'socket', 'fifo'] as const
export type FileType = Exclude<(typeof fileTypes)[number], undefined>

/** fattr3, RFC 1813 section 2.5. */
export interface Attributes {
  readonly type: FileType
  /** Permission bits, as in POSIX. */
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  /** Bytes. */
  readonly size: bigint
  /** Bytes on the server's disks; less than `size` for sparse files. */
  readonly used: bigint
  /** File system, and object in it: together they tell objects apart. */
  readonly fsid: bigint
  readonly fileid: bigint
  /** Milliseconds since 1970, with fractions: exact to a quarter of a microsecond. */
  readonly accessedMs: number
  readonly modifiedMs: number
  /** Of the attributes. */
  readonly changedMs: number
}

/** On the wire, always. */
export const ATTRIBUTES_BYTES = 84
export const SIZE_OFFSET = 20

export function decodeAttributes(r: XdrReader): Attributes {
  const { at } = r
  const attributes = attributesAt(r)
  if (attributes === undefined) throw protocolError(`a file type of 1 to 7 was expected, got ${r.view.getUint32(at)}`)
  return attributes
}

/** Undefined where the type is none. */
function attributesAt(r: XdrReader): Attributes | undefined {
  const at = r.take(ATTRIBUTES_BYTES)
  const { view } = r
  const type = fileTypes[view.getUint32(at)]
  if (type === undefined) return undefined
  return {
    type,
    mode: view.getUint32(at + 4),
    nlink: view.getUint32(at + 8),
    uid: view.getUint32(at + 12),
    gid: view.getUint32(at + 16),
    size: view.getBigUint64(at + SIZE_OFFSET),
    used: view.getBigUint64(at + 28),
    // Device numbers of special files stand at 36; nothing here opens those.
    fsid: view.getBigUint64(at + 44),
    fileid: view.getBigUint64(at + 52),
    accessedMs: milliseconds(view, at + 60),
    modifiedMs: milliseconds(view, at + 68),
    changedMs: milliseconds(view, at + 76),
  }
}

/** nfstime3: seconds and nanoseconds. */
const milliseconds = (view: DataView, at: number): number => view.getUint32(at) * 1000 + view.getUint32(at + 4) / 1e6

/** post_op_attr: the server may leave attributes out, and some do under load. */
export const decodeOptionalAttributes = (r: XdrReader): Attributes | undefined =>
  r.bool() ? decodeAttributes(r) : undefined

/** The same in a listing, where those of no known type are as good as none: they must not take their neighbours along. */
export const decodeListedAttributes = (r: XdrReader): Attributes | undefined => (r.bool() ? attributesAt(r) : undefined)

/** Steps over a post_op_attr that nobody wants. */
export function skipOptionalAttributes(r: XdrReader): void {
  if (r.bool()) r.take(ATTRIBUTES_BYTES)
}
