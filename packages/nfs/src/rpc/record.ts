import { protocolError } from '../errors.ts'

const LAST_FRAGMENT = 0x8000_0000
/** A record has this many fragments at most, and one more for each `bytesAFragment` of it: none may be empty for ever. */
const spareFragments = 64
const bytesAFragment = 256

/** Who takes the records that come out of a `RecordReader`. Both are called synchronously, from `push`. */
export interface RecordSink {
  /** How many bytes of a record to keep, told from its first word (the xid). Asked for records that come in pieces. */
  keep(firstWord: number): number
  /**
   * A record of `length` bytes is complete; the first `kept` of them stand in `bytes` from `start` on, until this
   * function returns. `kept` is smaller than `length` only when `keep` said so.
   */
  record(bytes: Buffer, start: number, kept: number, length: number): void
}

/**
 * Takes a TCP stream apart into records (RFC 5531 section 11): fragments of a length each, the last one marked. A record
 * that lies whole in one chunk is passed on where it is; of others the first bytes are put together in a buffer that
 * grows with what has arrived, never with what a length promises, and the rest is counted and dropped.
 */
export class RecordReader {
  private readonly sink: RecordSink
  private readonly maxRecordBytes: number
  private mark = 0
  private markBytes = 0
  /** Bytes of the fragment that are still to come; meaningful while `markBytes` is 4. */
  private left = 0
  private last = false
  /** Bytes of the record seen so far, `filled` of them kept. */
  private length = 0
  private fragments = 0
  private filled = 0
  private keepBytes = 4
  private kept: Buffer = Buffer.allocUnsafe(4096)

  constructor(sink: RecordSink, maxRecordBytes: number) {
    this.sink = sink
    this.maxRecordBytes = maxRecordBytes
  }

  /** Whether a record has begun whose end is still to come. */
  get isWithin(): boolean {
    return this.markBytes > 0 || this.fragments > 0
  }

  /**
   * Throws `PROTOCOL` for a record beyond the bound, or of more fragments than its bytes can be in: the stream is garbage then,
   * and there is no way back into step.
   */
  push(chunk: Buffer, end: number = chunk.length): void {
    let at = 0
    while (at < end) {
      if (this.markBytes < 4) {
        at = this.readMark(chunk, at, end)
        if (this.markBytes < 4) continue
        if (this.length === 0 && this.last && this.left <= end - at) {
          const start = at
          at += this.left
          this.markBytes = 0
          this.fragments = 0
          this.sink.record(chunk, start, this.left, this.left)
          continue
        }
      }
      const take = Math.min(this.left, end - at)
      this.take(chunk, at, at + take)
      at += take
      this.left -= take
      if (this.left === 0) this.endFragment()
    }
  }

  private readMark(chunk: Buffer, from: number, end: number): number {
    let at = from
    if (this.markBytes === 0 && end - at >= 4) {
      this.mark = chunk.readUInt32BE(at)
      this.markBytes = 4
      at += 4
    } else {
      while (this.markBytes < 4 && at < end) {
        this.mark = ((this.mark << 8) | chunk.readUInt8(at++)) >>> 0
        this.markBytes++
      }
      if (this.markBytes < 4) return at
    }
    this.last = this.mark >= LAST_FRAGMENT
    this.left = this.last ? this.mark - LAST_FRAGMENT : this.mark
    if (this.length + this.left > this.maxRecordBytes) {
      throw protocolError(
        `a record of at most ${this.maxRecordBytes} bytes was expected, got ${this.length + this.left}`,
      )
    }
    this.fragments++
    if (this.fragments > spareFragments + this.length / bytesAFragment)
      throw protocolError(`a record of ${this.length} bytes came in more than ${this.fragments - 1} fragments`)
    // The last fragment may be empty; then nothing follows that would end it.
    if (this.left === 0) this.endFragment()
    return at
  }

  /** Keeps the first word, asks how much more to keep, keeps that, and counts the rest. */
  private take(chunk: Buffer, from: number, to: number): void {
    this.length += to - from
    let at = from
    if (this.filled < 4) {
      at = this.copy(chunk, at, to)
      if (this.filled < 4) return
      this.keepBytes = Math.max(4, this.sink.keep(this.kept.readUInt32BE(0)))
    }
    if (this.filled < this.keepBytes) this.copy(chunk, at, to)
  }

  private copy(chunk: Buffer, from: number, to: number): number {
    const count = Math.min(this.keepBytes - this.filled, to - from)
    if (this.filled + count > this.kept.length) {
      const bigger = Buffer.allocUnsafe(Math.max(this.filled + count, Math.min(this.keepBytes, this.kept.length * 2)))
      bigger.set(this.kept.subarray(0, this.filled))
      this.kept = bigger
    }
    chunk.copy(this.kept, this.filled, from, from + count)
    this.filled += count
    return from + count
  }

  private endFragment(): void {
    this.markBytes = 0
    if (!this.last) return
    const filled = this.filled
    const length = this.length
    this.filled = 0
    this.length = 0
    this.fragments = 0
    this.keepBytes = 4
    this.sink.record(this.kept, 0, filled, length)
  }
}

/** The mark in front of a record that goes out as one fragment. */
export const recordMark = (length: number): number => LAST_FRAGMENT + length
