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
}

export interface ReadRangeResult {
  /** Bytes that arrived. */
  readonly bytes: number
  /** The read saw the end of the file. */
  readonly eof: boolean
  /** Size of the file, where the server told it. */
  readonly size: bigint | undefined
}

const PAGE_BYTES = 4_096

/** Beyond the end in any case, for some servers don't tell the end to those who read right up to it; in whole pages. */
const firstBytes = (from: number, expectedSize: number | undefined): number =>
  expectedSize === undefined || expectedSize < from
    ? Number.POSITIVE_INFINITY
    : (Math.floor((expectedSize - from) / PAGE_BYTES) + 1) * PAGE_BYTES

/**
 * Reads a range of a file and drops it, by as many READs as that takes. The first one learns the file's size; the rest
 * goes in parallel, to the end that the file had then, or to where it ends by now. Rejects with the first failure.
 */
export async function readRange(
  mounted: NfsExport,
  handle: FileHandle,
  options: ReadRangeOptions = {},
): Promise<ReadRangeResult> {
  const from = whole('offset', options.offset ?? 0, 0, Number.MAX_SAFE_INTEGER)
  const inFlight = whole('inFlight', options.inFlight ?? 8, 1, 65_536)
  const length =
    options.length === undefined || options.length === Number.POSITIVE_INFINITY
      ? Number.MAX_SAFE_INTEGER
      : whole('length', options.length, 0, Number.MAX_SAFE_INTEGER)
  const first = await readOnce(mounted, handle, from, Math.min(length, firstBytes(from, options.expectedSize)), options)
  const { count, eof, size } = first
  if (eof) return { bytes: count, eof, size }
  const end = Math.min(
    from + length,
    Number.MAX_SAFE_INTEGER,
    size === undefined ? Number.POSITIVE_INFINITY : Number(size),
  )
  const next = from + count
  if (next >= end) return { bytes: count, eof, size }
  // Without a size nobody knows how many pieces there are.
  const readers = size === undefined ? 1 : inFlight
  const rest = await readRest(mounted, handle, { next, end, readers }, options)
  return { bytes: count + rest.bytes, eof: rest.eof, size }
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

/** What the first READ left, by several at a time. */
async function readRest(
  mounted: NfsExport,
  handle: FileHandle,
  range: { readonly next: number; readonly end: number; readonly readers: number },
  options: ReadRangeOptions,
): Promise<{ readonly bytes: number; readonly eof: boolean }> {
  let { next, end } = range
  let bytes = 0
  let eof = false
  /** Takes piece after piece; a piece that comes short is asked for again from where it stopped. */
  const reader = async (): Promise<void> => {
    while (next < end) {
      let at = next
      const stop = Math.min(at + mounted.readBytes, end)
      next = stop
      while (at < stop && at < end) {
        const { count, eof: ended } = await readOnce(mounted, handle, at, stop - at, options)
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
  await Promise.all(Array.from({ length: range.readers }, () => reader().catch(stopOthers)))
  return { bytes, eof }
}
