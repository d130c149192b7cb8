import { XdrWriter } from '../xdr/writer.ts'

/** What a function writes, as bytes of its own. */
export function written(write: (w: XdrWriter) => void): Buffer {
  const w = new XdrWriter()
  write(w)
  return Buffer.from(w.written())
}
