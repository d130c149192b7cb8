import { NfsError, protocolError } from '../errors.ts'
import { whole } from '../mount/options.ts'
import type { ReadResult } from '../nfs3/files.ts'
import type { FileHandle } from '../nfs3/objects.ts'
import type { CallOptions, NfsExport } from './export.ts'

/**
 * Where a READ leaves the reader:
 * done     all that was wanted came, or the file ends here
 * short    the file has more
 * unsure   the reply and what was known before disagree, or neither tells the size: only GETATTR can tell
 */
export type ReadStanding = 'done' | 'short' | 'unsure'

/**
 * The one rule of whether a READ was short: it brought less than was wanted, and the file's size lies beyond its end. The
 * size in the reply counts more than its `eof`, because servers exist that say `eof` too early, or never. A reply without a
 * size is held against the `expected` one. A size smaller than expected has to be confirmed: the file was cut, or the reply
 * is wrong. RFC 1813 section 3.3.6 allows short READs anywhere, and says nothing of one without bytes.
 */
export function readStanding(
  { count, eof, size }: ReadResult,
  /** Offset of the first byte that did not come, and of the first that is not wanted. */
  reached: number,
  wanted: number,
  expected: number | undefined,
): ReadStanding {
  if (reached >= wanted) return 'done'
  if (size !== undefined) {
    if (size > reached) return 'short'
    return expected === undefined || expected <= reached ? 'done' : 'unsure'
  }
  if (expected === undefined) return 'unsure'
  if (expected <= reached) return 'done'
  return eof || count === 0 ? 'unsure' : 'short'
}

export interface ReadRangeOptions extends CallOptions {
  /** Bytes. Default 0, and to the end of the file. */
  readonly offset?: number | undefined
  readonly length?: number | undefined
  /**
   * Size of the file in bytes, as a listing told it. The first READ then asks for as much as shows its end, and no more:
   * servers get memory ready for all that is asked for. Where a reply tells a smaller size, GETATTR decides; where it
   * tells none, this is the size. Default: unknown.
   */
  readonly expectedSize?: number | undefined
  /** READs in flight. Default 8. */
  readonly inFlight?: number | undefined
  /** Bounds the READs in flight of several ranges together: each goes through it. Default: none. */
  readonly limiter?: { run<T>(read: () => Promise<T>): Promise<T> } | undefined
  /** Result of the first READ, of `firstReadBytes`, where the caller has made it. Default: it is made here. */
  readonly first?: ReadResult | undefined
  /** Called with the bytes of each READ that is made here, as they arrive. */
  readonly onBytes?: ((bytes: number) => void) | undefined
  /** Tells the time in milliseconds. Default: nothing is timed. */
  readonly now?: (() => number) | undefined
}

export interface ReadRangeResult {
  /** Bytes that arrived; where the range is not `complete`, those before the first that did not. */
  readonly bytes: number
  /** The file ends where the range ends, or before. */
  readonly eof: boolean
  /**
   * False: a READ before the end brought no bytes. They may come later, as caches of a server hold sizes and data for
   * seconds: read on from `offset + bytes`, and give up after a while.
   */
  readonly complete: boolean
  /** Size of the file, as far as it is known; always where the range is not complete. */
  readonly size: bigint | undefined
  /** How long the first READ took once it had its turn; undefined without a limiter or a clock. */
  readonly firstMs?: number | undefined
  /** READs that it took; one that had to be sent again counts once. */
  readonly reads: number
}

const pageBytes = 4_096

/**
 * READs of a range that need not bring much. Beyond them each has to bring this many bytes on average: a server that gives
 * a byte at a time would otherwise keep a large file busy for years.
 */
const freeReads = 100_000
const leastReadBytes = 512

/**
 * Bytes that the first READ of a range asks for, where the file has `expectedSize` bytes for all that is known: beyond the
 * end in any case, for some servers don't tell the end to those who read right up to it; in whole pages.
 */
export function firstReadBytes(offset: number, length: number, expectedSize: number | undefined): number {
  if (expectedSize === undefined || expectedSize < offset) return length
  return Math.min(length, (Math.floor((expectedSize - offset) / pageBytes) + 1) * pageBytes)
}

/**
 * Reads a range of a file and drops it, by as many READs as that takes. The first one learns the file's size; the rest
 * is read in parallel, to the end that the file had then, or to where it ends by now: growth is not chased. READs that
 * come short are continued from where they stopped (see `readStanding`); one without bytes ends the range, which then is
 * not `complete`. Rejects with the first failure, and with `FBIG` for a size beyond `maxFileBytes` of the export.
 */
export async function readRange(
  mounted: NfsExport,
  handle: FileHandle,
  options: ReadRangeOptions = {},
): Promise<ReadRangeResult> {
  const range = checked(options)
  const { now, limiter } = options
  if (options.first !== undefined) return await readRest(mounted, handle, { ...range, first: options.first }, options)
  const count = firstReadBytes(range.from, range.length, options.expectedSize)
  let beganMs = 0
  const begin = (): Promise<ReadResult> => {
    if (now !== undefined) beganMs = now()
    return mounted.read(handle, range.from, count, options)
  }
  const first = await (limiter === undefined ? begin() : limiter.run(begin))
  const firstMs = limiter === undefined || now === undefined ? undefined : now() - beganMs
  options.onBytes?.(first.count)
  return { ...(await readRest(mounted, handle, { ...range, first }, options)), firstMs }
}

interface Range {
  readonly from: number
  readonly length: number
  readonly inFlight: number
}

const checked = ({ offset = 0, length = Number.POSITIVE_INFINITY, inFlight = 8 }: ReadRangeOptions): Range => ({
  from: whole('offset', offset, 0, Number.MAX_SAFE_INTEGER),
  length:
    length === Number.POSITIVE_INFINITY ? Number.MAX_SAFE_INTEGER : whole('length', length, 0, Number.MAX_SAFE_INTEGER),
  inFlight: whole('inFlight', inFlight, 1, 65_536),
})

/** What follows the first READ. */
async function readRest(
  mounted: NfsExport,
  handle: FileHandle,
  { from, length, inFlight, first }: Range & { readonly first: ReadResult },
  options: ReadRangeOptions,
): Promise<ReadRangeResult> {
  const { expectedSize } = options
  const reached = from + first.count
  const wanted = Math.min(from + length, Number.MAX_SAFE_INTEGER)
  let { size } = first
  let standing = readStanding(first, reached, wanted, expectedSize)
  if (standing === 'unsure') {
    size = await sizeNow(mounted, handle, options)
    standing = size > reached ? 'short' : 'done'
  }
  if (size === undefined && expectedSize !== undefined) size = BigInt(Math.trunc(expectedSize))
  if (size !== undefined && size > mounted.maxFileBytes) throw tooLarge(size, mounted.maxFileBytes)
  if (standing === 'done') {
    const eof = size === undefined ? first.eof : size <= reached
    return { bytes: first.count, eof, complete: true, size, reads: 1 }
  }
  const end = Math.min(wanted, Number(size))
  const rest = new Rest(mounted, handle, { next: reached, end }, options)
  if (first.count === 0) return { bytes: 0, eof: false, complete: false, size, reads: 1 }
  await rest.read(inFlight)
  const { reads } = rest
  if (rest.hole < rest.end) return { bytes: rest.hole - from, eof: false, complete: false, size, reads }
  const wasCut = rest.end < end
  const bytes = first.count + rest.bytes
  return {
    bytes,
    eof: wasCut || Number(size) <= rest.end,
    complete: true,
    size: wasCut ? BigInt(rest.end) : size,
    reads,
  }
}

/** The part of a range behind its first READ: pieces, several of them in flight, taken in their order. */
class Rest {
  /** Where the range ends for all that is known. */
  end: number
  /** Where a READ brought no bytes. All before it is read, or is being read. */
  hole = Number.POSITIVE_INFINITY
  bytes = 0
  /** The first READ of the range included. */
  reads = 1
  private next: number
  private readonly mounted: NfsExport
  private readonly handle: FileHandle
  private readonly options: ReadRangeOptions
  private confirmed: Promise<bigint> | undefined

  constructor(
    mounted: NfsExport,
    handle: FileHandle,
    span: { readonly next: number; readonly end: number },
    options: ReadRangeOptions,
  ) {
    this.mounted = mounted
    this.handle = handle
    this.next = span.next
    this.end = span.end
    this.options = options
  }

  async read(inFlight: number): Promise<void> {
    const stopOthers = (error: unknown): never => {
      this.hole = 0
      throw error
    }
    await Promise.all(Array.from({ length: inFlight }, () => this.pieces().catch(stopOthers)))
  }

  private get limit(): number {
    return Math.min(this.end, this.hole)
  }

  private async pieces(): Promise<void> {
    while (this.next < this.limit) {
      const from = this.next
      this.next = Math.min(from + this.mounted.readBytes, this.end)
      await this.piece(from, this.next)
    }
  }

  /** A piece that comes short is continued from where it stopped. */
  private async piece(from: number, stop: number): Promise<void> {
    let at = from
    while (at < stop && at < this.limit) {
      this.reads += 1
      const read = await this.once(at, stop - at)
      this.bytes += read.count
      at += read.count
      this.options.onBytes?.(read.count)
      if (this.reads > freeReads + this.bytes / leastReadBytes)
        throw protocolError(`READ: ${this.reads} calls brought no more than ${this.bytes} bytes`)
      let standing = readStanding(read, at, stop, this.end)
      if (standing === 'unsure') standing = (await this.sizeNow()) > at ? 'short' : 'done'
      if (standing === 'done' && at < stop) this.end = Math.min(this.end, at)
      if (standing === 'short' && read.count === 0) {
        this.hole = Math.min(this.hole, at)
        return
      }
    }
  }

  private once(at: number, count: number): Promise<ReadResult> {
    const { limiter } = this.options
    const read = (): Promise<ReadResult> => this.mounted.read(this.handle, at, count, this.options)
    return limiter === undefined ? read() : limiter.run(read)
  }

  /** Asked once: a server whose replies contradict each other must not cost a GETATTR for each of them. */
  private sizeNow(): Promise<bigint> {
    this.confirmed ??= sizeNow(this.mounted, this.handle, this.options)
    return this.confirmed
  }
}

async function sizeNow(mounted: NfsExport, handle: FileHandle, options: CallOptions): Promise<bigint> {
  const { type, size } = await mounted.getattr(handle, { signal: options.signal, onCall: options.onCall })
  if (type !== 'file') throw new NfsError('INVAL', `GETATTR: a ${type}, expected a file`, { host: mounted.host })
  return size
}

const tooLarge = (size: bigint, most: number): NfsError =>
  new NfsError('FBIG', `READ: the file has ${size} bytes, at most ${most} can be read`)
