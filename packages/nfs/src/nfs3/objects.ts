import { protocolError } from '../errors.ts'
import type { Procedure } from '../rpc/call.ts'
import type { XdrReader } from '../xdr/reader.ts'
import { FHSIZE } from './constants.ts'
import { withStatus } from './status.ts'

declare const handleBrand: unique symbol

/**
 * A file handle: 0 to 64 bytes that only the server understands, one byte a character (Latin-1). As a string it can't
 * be changed, equal handles are equal, it works as a key, and it pins no network buffer.
 */
export type FileHandle = string & { readonly [handleBrand]: true }

/** For logs and messages between processes. */
export const handleToHex = (handle: FileHandle): string => Buffer.from(handle, 'latin1').toString('hex')

/** The handle that `handleToHex` gave. Throws `RangeError` when that is none: not hex, or longer than 64 bytes. */
export function handleFromHex(hex: string): FileHandle {
  if (!/^(?:[0-9a-f]{2}){0,64}$/i.test(hex))
    throw new RangeError(`a file handle is 0 to 64 bytes in hex, got ${JSON.stringify(hex.slice(0, 200))}`)
  return Buffer.from(hex, 'hex').toString('latin1') as FileHandle
}

/** nfs_fh3, RFC 1813 section 2.5. */
export const decodeHandle = (r: XdrReader): FileHandle => r.latin1(FHSIZE) as FileHandle

/** post_op_fh3 */
export const decodeOptionalHandle = (r: XdrReader): FileHandle | undefined => (r.bool() ? decodeHandle(r) : undefined)

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
export const attributesBytes = 84
export const sizeOffset = 20

function decodeAttributes(r: XdrReader): Attributes {
  const { at } = r
  const attributes = attributesAt(r)
  if (attributes === undefined) throw protocolError(`a file type of 1 to 7 was expected, got ${r.view.getUint32(at)}`)
  return attributes
}

/** Undefined where the type is none. */
function attributesAt(r: XdrReader): Attributes | undefined {
  const at = r.take(attributesBytes)
  const { view } = r
  const type = fileTypes[view.getUint32(at)]
  if (type === undefined) return undefined
  return {
    type,
    mode: view.getUint32(at + 4),
    nlink: view.getUint32(at + 8),
    uid: view.getUint32(at + 12),
    gid: view.getUint32(at + 16),
    size: view.getBigUint64(at + sizeOffset),
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

/** Steps over a post_op_attr. */
export function skipOptionalAttributes(r: XdrReader): void {
  if (r.bool()) r.take(attributesBytes)
}

/** RFC 1813 section 3.3.1 */
export const GETATTR: Procedure<FileHandle, Attributes> = withStatus({
  name: 'GETATTR',
  number: 1,
  encode: (w, handle) => w.latin1(handle),
  decode: decodeAttributes,
})

/** Bits of ACCESS, RFC 1813 section 3.3.4. Those for changing things are left out: nothing here changes anything. */
export const accessBits = {
  /** Read a file's data, or list a directory. */
  READ: 0x01,
  /** Look a name up in a directory. */
  LOOKUP: 0x02,
  EXECUTE: 0x20,
} as const

export interface AccessArgs {
  readonly handle: FileHandle
  /** Sum of the `accessBits` in question. */
  readonly mask: number
}

export interface AccessResult {
  readonly attributes: Attributes | undefined
  /** Those bits of the mask that the server grants. */
  readonly granted: number
}

/** RFC 1813 section 3.3.4 */
export const ACCESS: Procedure<AccessArgs, AccessResult> = withStatus({
  name: 'ACCESS',
  number: 4,
  encode(w, { handle, mask }) {
    w.latin1(handle)
    w.u32(mask)
  },
  decode: (r, { mask }) => ({ attributes: decodeOptionalAttributes(r), granted: (r.u32() & mask) >>> 0 }),
})
