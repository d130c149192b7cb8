import type { XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'

/** A remote procedure as data: its number, and how its arguments and results look as bytes. No socket, promise or clock. */
export interface Procedure<A, R> {
  readonly name: string
  readonly number: number
  encode(w: XdrWriter, args: A): void
  /** Reads the results of a call with these arguments. Throws `NfsError` where the server says no, or says nonsense. */
  decode(r: XdrReader, args: A): R
  /** How many bytes of the reply to keep; all of them where this is missing. */
  keep?(args: A): number
}

/** Procedure 0 of every program: does nothing, and so shows that the server is there (RFC 5531 section 12.1). */
export const NULL: Procedure<undefined, undefined> = {
  name: 'NULL',
  number: 0,
  encode: () => {},
  decode: () => undefined,
}
