import { padded } from './reader.ts'

/** Writes XDR (RFC 4506) into a buffer that grows as needed. */
export class XdrWriter {
  private bytes: Buffer
  private view: DataView
  /** Bytes written so far. */
  at = 0

  constructor(bytes: Buffer = Buffer.allocUnsafe(1024)) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** What was written, still in the writer's buffer. */
  written(): Buffer {
    return this.bytes.subarray(0, this.at)
  }

  /** Hands over its whole buffer, the first `at` bytes written, and continues at the beginning of the next. */
  swap(next: Buffer): Buffer {
    const bytes = this.bytes
    this.bytes = next
    this.view = new DataView(next.buffer, next.byteOffset, next.byteLength)
    this.at = 0
    return bytes
  }

  u32(value: number): void {
    const at = this.advance(4) // First of all: it may replace the view.
    this.view.setUint32(at, value)
  }

  i32(value: number): void {
    const at = this.advance(4) // First of all: it may replace the view.
    this.view.setInt32(at, value)
  }

  /** Unsigned 64 bits; a number has to be a whole one of at most 2^53 - 1. */
  u64(value: bigint | number): void {
    const at = this.advance(8)
    if (typeof value === 'bigint') {
      this.view.setBigUint64(at, value)
    } else {
      this.view.setUint32(at, Math.floor(value / 0x1_0000_0000))
      this.view.setUint32(at + 4, value >>> 0)
    }
  }

  bool(value: boolean): void {
    this.u32(value ? 1 : 0)
  }

  fixed(value: Uint8Array): void {
    const at = this.advance(padded(value.length))
    this.bytes.set(value, at)
    this.bytes.fill(0, at + value.length, this.at)
  }

  opaque(value: Uint8Array): void {
    this.u32(value.length)
    this.fixed(value)
  }

  /** Variable opaque from a string with a character for each byte. */
  latin1(value: string): void {
    this.u32(value.length)
    const at = this.advance(padded(value.length))
    this.bytes.write(value, at, value.length, 'latin1')
    if (this.at > at + value.length) this.bytes.fill(0, at + value.length, this.at)
  }

  /** Bytes that are XDR already. */
  raw(value: Uint8Array): void {
    const at = this.advance(value.length) // First of all: it may replace the bytes.
    this.bytes.set(value, at)
  }

  /** Writes over what is there: for lengths that are known only at the end. */
  patchU32(at: number, value: number): void {
    this.view.setUint32(at, value)
  }

  private advance(length: number): number {
    const at = this.at
    if (at + length > this.bytes.length) this.grow(at + length)
    this.at = at + length
    return at
  }

  private grow(needed: number): void {
    const bigger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2))
    bigger.set(this.bytes.subarray(0, this.at))
    this.bytes = bigger
    this.view = new DataView(bigger.buffer, bigger.byteOffset, bigger.byteLength)
  }
}
