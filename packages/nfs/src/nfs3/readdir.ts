import type { Procedure } from '../rpc/procedure.ts'
import type { XdrReader } from '../xdr/reader.ts'
import {
  type DirectoryArgs,
  type DirectoryEntry,
  type DirectoryPage,
  decodeEntryName,
  decodePage,
  encodePosition,
} from './directory.ts'
import { withStatus } from './status.ts'

/** RFC 1813 section 3.3.16: names only, for exports that refuse READDIRPLUS. */
export const READDIR: Procedure<DirectoryArgs, DirectoryPage> = withStatus({
  name: 'READDIR',
  number: 16,
  encode(w, args) {
    encodePosition(w, args)
    w.u32(args.count)
  },
  decode: (r, args) => decodePage(r, args, decodeEntry),
})

function decodeEntry(r: XdrReader): DirectoryEntry {
  const fileid = r.u64()
  const name = decodeEntryName(r)
  return { name, fileid, cookie: r.u64(), attributes: undefined, handle: undefined }
}
