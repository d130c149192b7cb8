import { NfsError, protocolError } from '../errors.ts'
import type { Procedure } from '../rpc/call.ts'
import { padded, type XdrReader } from '../xdr/reader.ts'
import { maxPathBytes } from './constants.ts'
import { attributesBytes, type FileHandle, fileTypes, sizeOffset, skipOptionalAttributes } from './objects.ts'
import { withStatus } from './status.ts'

export interface ReadArgs {
  readonly handle: FileHandle
  /** Bytes; a number has to be a safe integer. */
  readonly offset: number | bigint
  readonly count: number
  /** Where the bytes go; at least `count` long. Undefined: they are dropped. */
  readonly into?: Uint8Array | undefined
}

export interface ReadResult {
  /** Bytes that arrived. Fewer than asked for at the end of the file, and wherever the server likes. */
  readonly count: number
  /** The read saw the end of the file. */
  readonly eof: boolean
  /** Size of the whole file in bytes, where the server tells. */
  readonly size: bigint | undefined
}

/** Everything in front of the data with the longest verifier: 20 + 400 + 4 of RPC, 8 + 84 of status and attributes, 12. */
const headBytes = 528

/** RFC 1813 section 3.3.6. Data without a buffer to go to is counted and dropped as it arrives. */
export const READ: Procedure<ReadArgs, ReadResult> = withStatus({
  name: 'READ',
  number: 6,
  encode(w, { handle, offset, count }) {
    w.latin1(handle)
    w.u64(offset)
    w.u32(count)
  },
  decode(r, { count: asked, into }) {
    const size = decodeSize(r)
    const count = r.u32()
    const eof = r.bool()
    const length = r.u32()
    if (length !== count || count > asked)
      throw protocolError(`READ: ${length} bytes came, ${count} were announced, ${asked} asked for`)
    if (padded(length) > r.remaining + r.dropped)
      throw protocolError(`READ: the reply ends before its ${length} bytes of data`)
    if (into !== undefined) into.set(r.borrow(length))
    return { count, eof, size }
  },
  keep: ({ into }) => (into === undefined ? headBytes : Number.POSITIVE_INFINITY),
})

const fileType = fileTypes.indexOf('file')

/** Of the attributes a reader needs nothing but the size, and that they are a file's. */
function decodeSize(r: XdrReader): bigint | undefined {
  if (!r.bool()) return undefined
  const at = r.take(attributesBytes)
  const type = r.view.getUint32(at)
  if (type !== fileType)
    throw new NfsError('INVAL', `READ: the reply describes a ${fileTypes[type] ?? `type ${type}`}, no file`)
  return r.view.getBigUint64(at + sizeOffset)
}

/** RFC 1813 section 3.3.5. The result is the link's target, as `decodeName` gives it. */
export const READLINK: Procedure<FileHandle, string> = withStatus({
  name: 'READLINK',
  number: 5,
  encode: (w, handle) => w.latin1(handle),
  decode(r) {
    skipOptionalAttributes(r)
    return r.name(maxPathBytes)
  },
})
