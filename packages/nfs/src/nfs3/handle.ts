import type { FileHandle } from '../handle.ts'
import type { XdrReader } from '../xdr/reader.ts'
import { FHSIZE } from './constants.ts'

/** nfs_fh3, RFC 1813 section 2.5. */
export const decodeHandle = (r: XdrReader): FileHandle => r.latin1(FHSIZE) as FileHandle

/** post_op_fh3 */
export const decodeOptionalHandle = (r: XdrReader): FileHandle | undefined => (r.bool() ? decodeHandle(r) : undefined)
