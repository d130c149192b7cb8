import type { Procedure } from '../rpc/procedure.ts'
import type { XdrReader } from '../xdr/reader.ts'
import { decodeListedAttributes } from './attributes.ts'
import {
  type DirectoryArgs,
  type DirectoryEntry,
  type DirectoryPage,
  decodeEntryName,
  decodePage,
  encodePosition,
} from './directory.ts'
import { decodeOptionalHandle } from './handle.ts'
import { withStatus } from './status.ts'

/** RFC 1813 section 3.3.17: names, attributes and handles together, so that a small file costs one READ more. */
export const READDIRPLUS: Procedure<DirectoryArgs, DirectoryPage> = withStatus({
  name: 'READDIRPLUS',
  number: 17,
  encode(w, args) {
    encodePosition(w, args)
    // Bytes of names and cookies alone, and of the whole reply: let the second be the only bound.
    w.u32(args.count)
    w.u32(args.count)
  },
  decode: (r, args) => decodePage(r, args, decodeEntry),
})

function decodeEntry(r: XdrReader): DirectoryEntry {
  const fileid = r.u64()
  const name = decodeEntryName(r)
  return { name, fileid, cookie: r.u64(), attributes: decodeListedAttributes(r), handle: decodeOptionalHandle(r) }
}
