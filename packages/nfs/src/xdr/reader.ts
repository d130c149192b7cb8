import { protocolError } from '../errors.ts'
import { decodeName } from './names.ts'

/**
 * Reads XDR (RFC 4506) from bytes that it does not own. Every length is checked against what is there before it is
 * trusted, so no input makes it read beyond `end` or allocate more than the input's size. All failures are `PROTOCOL`.
 */
export class XdrReader {
  private bytes: Buffer
  /** For decoders that read a whole structure after one check of its length: see `take`. */
  view: DataView
  /** Offset of the next byte. */
  at = 0
  end = 0
  /** Bytes of the message behind `end` that were counted and dropped as they arrived. */
  dropped = 0

  constructor(bytes: Buffer = Buffer.alloc(0), start = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = start
    this.end = end
  }

  /** Starts over with other bytes; one reader serves a connection for all its life. */
  reset(bytes: Buffer, start = 0, end: number = bytes.length, dropped = 0): this {
    if (bytes !== this.bytes) {
      this.bytes = bytes
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    this.at = start
    this.end = end
    this.dropped = dropped
    return this
  }

  get remaining(): number {
    return this.end - this.at
  }

  u32(): number {
    return this.view.getUint32(this.take(4))
  }

  i32(): number {
    return this.view.getInt32(this.take(4))
  }

  /** Unsigned 64 bits. */
  u64(): bigint {
    return this.view.getBigUint64(this.take(8))
  }

  /** RFC 4506 section 4.4: 0 or 1, and nothing else. */
  bool(): boolean {
    const value = this.u32()
    if (value > 1) throw protocolError(`a boolean is 0 or 1, got ${value}`)
    return value === 1
  }

  /** Opaque of fixed length, copied. */
  fixed(length: number): Buffer {
    const at = this.take(padded(length))
    return Buffer.from(this.bytes.subarray(at, at + length))
  }

  /** Variable opaque of at most `max` bytes, copied: small, and it keeps no network buffer alive. */
  opaque(max: number): Buffer {
    return this.fixed(this.length(max))
  }

  /** Opaque of fixed length, left where it is: good until the owner of the bytes reuses them. */
  borrow(length: number): Buffer {
    const at = this.take(padded(length))
    return this.bytes.subarray(at, at + length)
  }

  /** Variable opaque of at most `max` bytes as a string with a character for each byte. */
  latin1(max: number): string {
    const length = this.length(max)
    const at = this.take(padded(length))
    return this.bytes.toString('latin1', at, at + length)
  }

  /** A file name or path of at most `max` bytes, as `decodeName` gives it. */
  name(max: number): string {
    const length = this.length(max)
    const at = this.take(padded(length))
    return this.isAscii(at, length)
      ? this.bytes.toString('latin1', at, at + length)
      : decodeName(this.bytes.subarray(at, at + length))
  }

  /** The length in front of a variable opaque or array: `max` is the protocol's bound, what is left the other one. */
  length(max: number): number {
    const length = this.u32()
    const most = Math.min(max, this.end - this.at)
    if (length > most) throw protocolError(`a length of at most ${most} was expected, got ${length}`)
    return length
  }

  /** Nearly all names are ASCII, and then a decoder has nothing to do. Four bytes at a time, padding included. */
  private isAscii(at: number, length: number): boolean {
    for (let word = at; word < at + length; word += 4) if ((this.view.getUint32(word) & 0x80808080) !== 0) return false
    return true
  }

  /** Steps over a structure of `length` bytes, if it is there, and gives its offset in `view`. */
  take(length: number): number {
    const at = this.at
    if (length > this.end - at) throw protocolError(`the message ends ${length - (this.end - at)} bytes too early`)
    this.at = at + length
    return at
  }
}

/** XDR fills everything up to whole words. */
export const padded = (length: number): number => length + (-length & 3)
