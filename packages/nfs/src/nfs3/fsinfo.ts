import type { FileHandle } from '../handle.ts'
import type { Procedure } from '../rpc/procedure.ts'
import { type Attributes, decodeListedAttributes } from './attributes.ts'
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
