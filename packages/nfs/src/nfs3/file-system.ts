import type { Procedure } from '../rpc/call.ts'
import { type Attributes, decodeListedAttributes, type FileHandle, skipOptionalAttributes } from './objects.ts'
import { withStatus } from './status.ts'

/** What a server can do. All in bytes. */
export interface FsInfo {
  /** Largest READ. */
  readonly rtmax: number
  /** READ of the best speed. */
  readonly rtpref: number
  /** Page of a listing of the best speed. */
  readonly dtpref: number
  readonly maxFileSize: bigint
}

export interface FsInfoResult {
  readonly info: FsInfo
  /** Of the object asked about. */
  readonly attributes: Attributes | undefined
}

/** RFC 1813 section 3.3.19 */
export const FSINFO: Procedure<FileHandle, FsInfoResult> = withStatus({
  name: 'FSINFO',
  number: 19,
  encode: (w, root) => w.latin1(root),
  decode(r) {
    const attributes = decodeListedAttributes(r)
    const [rtmax, rtpref] = [r.u32(), r.u32()]
    r.take(16) // rtmult, and the three of WRITE
    const dtpref = r.u32()
    const maxFileSize = r.u64()
    r.take(12) // time_delta, properties
    return { info: { rtmax, rtpref, dtpref, maxFileSize }, attributes }
  },
})

/** How full a file system is. */
export interface FsStat {
  readonly totalBytes: bigint
  readonly freeBytes: bigint
  /** Free for this user. */
  readonly availableBytes: bigint
  readonly totalFiles: bigint
  readonly freeFiles: bigint
  readonly availableFiles: bigint
}

/** RFC 1813 section 3.3.18 */
export const FSSTAT: Procedure<FileHandle, FsStat> = withStatus({
  name: 'FSSTAT',
  number: 18,
  encode: (w, root) => w.latin1(root),
  decode(r) {
    skipOptionalAttributes(r)
    const stat = {
      totalBytes: r.u64(),
      freeBytes: r.u64(),
      availableBytes: r.u64(),
      totalFiles: r.u64(),
      freeFiles: r.u64(),
      availableFiles: r.u64(),
    }
    r.take(4) // invarsec
    return stat
  },
})
