import type { CallOptions, NfsExport } from './export.ts'
import type { FileHandle } from './handle.ts'
import type { ReadResult } from './nfs3/read.ts'
import { whole } from './options.ts'

export interface ReadRangeOptions extends CallOptions {
  /** Bytes. Default 0, and to the end of the file. */
  readonly offset?: number | undefined
  readonly length?: number | undefined
  /**
   * Bytes that the file probably has. The first READ then asks for as much as shows its end, and no more: servers get memory
   * ready for all that is asked for. What the file really has is read nevertheless. Default: unknown.
   */
  readonly expectedSize?: number | undefined
  /** READs out at a time. Default 8. */
  readonly inFlight?: number | undefined
  /** Bounds the READs in flight of several ranges together: each goes through it. Default: none. */
  readonly limiter?: { run<T>(read: () => Promise<T>): Promise<T> } | undefined
  /** What the first READ brought, by whoever made it: of `firstReadBytes`. Default: it is made here. */
  readonly first?: ReadResult | undefined
  /** Called with the bytes of each READ that is made here, as they arrive. */
  readonly onBytes?: ((bytes: number) => void) | undefined
  /** Tells the time in milliseconds. Default: nothing is timed. */
  readonly now?: (() => number) | undefined
}

export interface ReadRangeResult {
  /** Bytes that arrived. */
  readonly bytes: number
  /** The read saw the end of the file. */
  readonly eof: boolean
  /** Size of the file, where the server told it. */
  readonly size: bigint | undefined
  /** How long the first READ took once it had its turn; undefined without a limiter or a clock. */
  readonly firstMs?: number | undefined
  /** READs that it took; one that had to be sent again counts once. */
  readonly reads: number
}

const PAGE_BYTES = 4_096

/**
 * Bytes that the first READ of a range asks for, where the file has `expectedSize` bytes for all that is known: beyond the
 * end in any case, for some servers don't tell the end to those who read right up to it; in whole pages.
 */
export function firstReadBytes(offset: number, length: number, expectedSize: number | undefined): number {
  if (expectedSize === undefined || expectedSize < offset) return length
  return Math.min(length, (Math.floor((expectedSize - offset) / PAGE_BYTES) + 1) * PAGE_BYTES)
}

/**
 * Reads a range of a file and drops it, by as many READs as that takes. The first one learns the file's size; the rest
 * goes in parallel, to the end that the file had then, or to where it ends by now. Rejects with the first failure.
 */
export function readRange(
  mounted: NfsExport,
  handle: FileHandle,
  options: ReadRangeOptions = {},
): Promise<ReadRangeResult> {
  let range: Range
  try {
    range = checked(options)
  } catch (error) {
    return Promise.reject(error)
  }
  const { limiter, first, onBytes } = options
  const goOn = (read: ReadResult): ReadRangeResult | Promise<ReadRangeResult> =>
    read.eof
      ? { bytes: read.count, eof: true, size: read.size, reads: 1 }
      : readRest(mounted, handle, { ...range, first: read }, options)
  if (first !== undefined) return Promise.resolve(goOn(first))
  const count = firstReadBytes(range.from, range.length, options.expectedSize)
  if (limiter !== undefined) return readInTurn(mounted, handle, { ...range, count, limiter }, options)
  const begun = mounted.read(handle, range.from, count, options)
  return onBytes === undefined ? begun.then(goOn) : begun.then((read) => goOn(told(read, onBytes)))
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

function told(read: ReadResult, onBytes: ((bytes: number) => void) | undefined): ReadResult {
  onBytes?.(read.count)
  return read
}

const readOnce = (
  mounted: NfsExport,
  handle: FileHandle,
  at: number,
  count: number,
  options: ReadRangeOptions,
): Promise<ReadResult> =>
  options.limiter === undefined
    ? mounted.read(handle, at, count, options)
    : options.limiter.run(() => mounted.read(handle, at, count, options))

/** As many at a time as the limiter lets. */
async function readInTurn(
  mounted: NfsExport,
  handle: FileHandle,
  {
    count,
    limiter,
    ...range
  }: Range & { readonly count: number; readonly limiter: NonNullable<ReadRangeOptions['limiter']> },
  options: ReadRangeOptions,
): Promise<ReadRangeResult> {
  const { now = () => 0 } = options
  let beganMs = 0
  const begin = (): Promise<ReadResult> => {
    beganMs = now()
    return mounted.read(handle, range.from, count, options)
  }
  const first = told(await limiter.run(begin), options.onBytes)
  const firstMs = options.now === undefined ? undefined : now() - beganMs
  if (first.eof) return { bytes: first.count, eof: true, size: first.size, reads: 1, firstMs }
  return { ...(await readRest(mounted, handle, { ...range, first }, options)), firstMs }
}

/** All, after the first READ: the others go out several at a time. */
async function readRest(
  mounted: NfsExport,
  handle: FileHandle,
  { from, length, inFlight, first }: Range & { readonly first: ReadResult },
  options: ReadRangeOptions,
): Promise<ReadRangeResult> {
  const { size } = first
  let { count: bytes, eof } = first
  let reads = 1
  let next = from + bytes
  let end = Math.min(
    from + length,
    Number.MAX_SAFE_INTEGER,
    size === undefined ? Number.POSITIVE_INFINITY : Number(size),
  )
  /** Takes piece after piece; a piece that comes short is asked for again from where it stopped. */
  const reader = async (): Promise<void> => {
    while (next < end) {
      let at = next
      const stop = Math.min(at + mounted.readBytes, end)
      next = stop
      while (at < stop && at < end) {
        reads += 1
        const { count, eof: ended } = told(await readOnce(mounted, handle, at, stop - at, options), options.onBytes)
        bytes += count
        at += count
        if (ended || count === 0) {
          eof = true
          end = Math.min(end, at)
        }
      }
    }
  }
  const stopOthers = (error: unknown): never => {
    end = 0
    throw error
  }
  // Without a size nobody knows how many pieces there are.
  const readers = next < end ? (size === undefined ? 1 : inFlight) : 0
  await Promise.all(Array.from({ length: readers }, () => reader().catch(stopOthers)))
  return { bytes, eof, size, reads }
}
