import { XdrWriter } from '../xdr/writer.ts'

/** Every way to cut bytes in two, as rows for `test.each`: TCP keeps no boundaries. */
export const cutsOf = (bytes: Buffer): readonly (readonly [at: number, head: Buffer, tail: Buffer])[] =>
  Array.from({ length: bytes.length + 1 }, (_, at) => [at, bytes.subarray(0, at), bytes.subarray(at)] as const)

/** What a function writes, as bytes of its own. */
export function written(write: (w: XdrWriter) => void): Buffer {
  const w = new XdrWriter()
  write(w)
  return Buffer.from(w.written())
}
