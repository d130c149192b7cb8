import type { CallOptions, NfsExport } from '../client/export.ts'
import { readStanding } from '../client/read-range.ts'
import { NfsError, protocolError } from '../errors.ts'
import { whole } from '../mount/options.ts'
import type { Found } from './find.ts'

export interface ChunkOptions {
  /** First byte. Default 0. */
  readonly start?: number | undefined
  /** Last byte, included, as with `fs.createReadStream`. Default: the end of the file. */
  readonly end?: number | undefined
  /** Bytes of a chunk, and of one READ. Default: the export's `readBytes`, 1 MiB at most unless asked for more. */
  readonly highWaterMark?: number | undefined
  /** READs ahead of the consumer, itself included; so many chunks are held in memory. Default 4. */
  readonly inFlight?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ChunkSettings {
  readonly start: number
  /** First byte that is not wanted. */
  readonly stop: number
  readonly chunkBytes: number
  readonly inFlight: number
}

/** Throws `OPTION_INVALID`. */
export function checkChunkOptions(readBytes: number, given: ChunkOptions): ChunkSettings {
  const most = Number.MAX_SAFE_INTEGER
  const start = whole('start', given.start ?? 0, 0, most - 1)
  return {
    start,
    stop: given.end === undefined ? most : whole('end', given.end, start, most - 1) + 1,
    chunkBytes: Math.min(readBytes, whole('highWaterMark', given.highWaterMark ?? readBytes, 1, most)),
    inFlight: whole('inFlight', given.inFlight ?? 4, 1, 1_024),
  }
}

/** READs of a chunk beyond those that it may need: each has to bring this many bytes on average. */
const freeReads = 64
const leastReadBytes = 512

/**
 * The bytes of a file in order, several READs ahead of the consumer. The file ends where it ended when it was looked up, or
 * sooner where it was cut since: growth is not chased. Never ends early without an error: `INCOMPLETE` where a READ before
 * the end brings no bytes.
 */
export async function* readChunks(
  mounted: NfsExport,
  { handle, attributes }: Found,
  { start, stop, chunkBytes, inFlight }: ChunkSettings,
  options: CallOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const { host, exportPath, maxFileBytes } = mounted
  if (attributes.size > maxFileBytes)
    throw new NfsError('FBIG', `the file has ${attributes.size} bytes, at most ${maxFileBytes} can be read`, {
      host,
      exportPath,
    })
  const end = Math.min(stop, Number(attributes.size))
  const over = new AbortController()
  const signal = options.signal === undefined ? over.signal : AbortSignal.any([over.signal, options.signal])
  const ahead: Promise<Buffer>[] = []
  let next = start
  const fill = (): void => {
    while (ahead.length < inFlight && next < end) {
      const from = next
      next = Math.min(from + chunkBytes, end)
      const chunk = readChunk(
        mounted,
        { handle, from, until: next, size: Number(attributes.size) },
        { ...options, signal },
      )
      // What the consumer did not come to must not end the process.
      chunk.catch(() => {})
      ahead.push(chunk)
    }
  }
  try {
    fill()
    for (let at = start, chunk = ahead.shift(); chunk !== undefined; chunk = ahead.shift()) {
      const wanted = Math.min(chunkBytes, end - at)
      const bytes = await chunk
      if (bytes.length > 0) yield bytes
      if (bytes.length < wanted) return
      at += bytes.length
      fill()
    }
  } finally {
    // A consumer that leaves early takes no answer any more.
    over.abort(null)
  }
}

interface Chunk {
  readonly handle: Found['handle']
  readonly from: number
  readonly until: number
  /** Of the file, as it was looked up. */
  readonly size: number
}

/** One chunk, whole, or up to where the file ends by now. A READ that came short is continued. */
async function readChunk(
  mounted: NfsExport,
  { handle, from, until, size }: Chunk,
  options: CallOptions,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(until - from)
  let at = from
  for (let reads = 1; ; reads++) {
    const read = await mounted.read(handle, at, until - at, { ...options, into: bytes.subarray(at - from) })
    at += read.count
    let standing = readStanding(read, at, until, size)
    if (standing === 'unsure') standing = (await mounted.getattr(handle, options)).size > at ? 'short' : 'done'
    if (standing === 'done') return bytes.subarray(0, at - from)
    const { host, exportPath } = mounted
    if (read.count === 0)
      throw new NfsError('INCOMPLETE', `READ at byte ${at} brought none, and the file has ${read.size ?? size}`, {
        host,
        exportPath,
        hint: 'the server may have its bytes in a moment',
      })
    if (reads > freeReads + (at - from) / leastReadBytes)
      throw protocolError(`READ: ${reads} calls brought no more than ${at - from} bytes`)
  }
}
