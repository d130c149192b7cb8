import { isAscii } from 'node:buffer'
import {
  checkPath,
  decodeName,
  encodeListChunk,
  type JobList,
  type ListChunk,
  ListPacker,
  makeId,
  maxListChunks,
  normalisePath,
  Prefix,
} from '@cachewarmer/core'
import type { QueueService, Random } from '@cachewarmer/queue'
import { refuseForeignText, UsageError } from '../cli/index.ts'

export interface ListedPath {
  readonly path: string
  /** `tree`: the line ended with "/", so all below it is meant as well. */
  readonly kind: 'file' | 'tree'
}

export interface ReadPathsOptions {
  /** What the list is called in messages. */
  readonly name: string
  /** Paths end with NUL instead of a line's end. */
  readonly nul: boolean
}

const newline = 0x0a

/**
 * Paths of a list, in its order, many at a time and never more than came in one piece: names are bytes, so they may be
 * of any encoding. A byte order mark before the first is passed over, and one of UTF-16 refused. A path without a leading "/" begins at the root of the export; empty lines are passed over, and so is a
 * carriage return before a line's end. Throws `UsageError` with the number of the line for a path that leads out of the
 * export or is none.
 */
export async function* readPaths(
  bytes: AsyncIterable<Uint8Array>,
  { name, nul }: ReadPathsOptions,
): AsyncGenerator<ListedPath[], void> {
  const delimiter = nul ? 0 : newline
  let line = 0
  let rest: Buffer = Buffer.alloc(0)
  const parse = (lines: Buffer): ListedPath[] => {
    const listed: ListedPath[] = []
    const block = line === 0 ? withoutMark(lines, name) : lines
    for (const text of linesOf(block, delimiter)) {
      line += 1
      const path = parsePath(nul || !text.endsWith('\r') ? text : text.slice(0, -1))
      if (typeof path === 'string') throw new UsageError(`${name}, line ${line}: expected ${path}`)
      if (path !== undefined) listed.push(path)
    }
    return listed
  }
  for await (const piece of bytes) {
    const block =
      rest.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.length) : Buffer.concat([rest, piece])
    const end = block.lastIndexOf(delimiter)
    if (end >= 0) yield parse(block.subarray(0, end))
    // A copy: the stream may use the piece again.
    rest = Buffer.from(block.subarray(end + 1))
    if (rest.length > longestLine)
      throw new UsageError(`${name}, line ${line + 1}: expected a path, got more than ${longestLine} bytes`)
  }
  if (rest.length > 0) yield parse(rest)
}

const longestLine = 65_536

const mark = Buffer.from('\uFEFF')

/** What the list begins with, after a mark of UTF-8. */
function withoutMark(start: Buffer, name: string): Buffer {
  try {
    refuseForeignText(start)
  } catch (error) {
    throw new UsageError(`${name}: ${(error as Error).message}`, { cause: error })
  }
  return start.subarray(0, mark.length).equals(mark) ? start.subarray(mark.length) : start
}

/** Nearly all lists are ASCII, which is cut as one text. */
function linesOf(block: Buffer, delimiter: number): string[] {
  const separator = String.fromCharCode(delimiter)
  if (isAscii(block)) return block.toString('latin1').split(separator)
  const lines: string[] = []
  for (let at = 0; at <= block.length; ) {
    const found = block.indexOf(delimiter, at)
    const end = found < 0 ? block.length : found
    lines.push(decodeName(block.subarray(at, end)))
    at = end + 1
  }
  return lines
}

/** Plain absolute paths of moderate length; all others take the slow way. */
const plain = /^(?:\/(?!\.{0,2}(?:\/|$))[^/\0]+)+$/

/** Undefined for an empty line, a text for what was expected instead. */
function parsePath(text: string): ListedPath | string | undefined {
  if (text.length < 1_000 && plain.test(text)) return { path: text, kind: 'file' }
  if (text === '') return undefined
  const path = normalisePath(text)
  const expected = checkPath(path)
  if (expected !== undefined) return expected
  return { path, kind: text.endsWith('/') || path === '/' ? 'tree' : 'file' }
}

export interface SendListOptions {
  readonly random: Random
  readonly signal?: AbortSignal | undefined
  /** Called now and then with the number of paths that were sent. */
  readonly onProgress?: ((paths: number) => void) | undefined
  /** Most paths in a chunk. Default: as `ListPacker` has it. */
  readonly chunkPaths?: number | undefined
}

/** Messages on their way at the same time: enough to hide the queue's latency, few enough for memory and limits. */
const sendsAtOnce = 16

/** What comes until the signal aborts: a stream that says nothing more must not hold that up. Throws its reason. */
async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T, void> {
  const iterator = source[Symbol.asyncIterator]()
  try {
    for (let one = await nextOf(iterator, signal); !one.done; one = await nextOf(iterator, signal)) yield one.value
  } finally {
    // Not waited for: it may be waiting for the stream itself.
    void iterator.return?.()
  }
}

/** Listens anew each time: a race with one shared promise would keep every value until it settles. */
function nextOf<T>(iterator: AsyncIterator<T>, signal: AbortSignal | undefined): Promise<IteratorResult<T>> {
  if (signal === undefined) return iterator.next()
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    signal.throwIfAborted()
    signal.addEventListener('abort', abort, { once: true })
    iterator
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort))
  })
}

/**
 * Sends a list of any length as chunks into a queue of its own, in bounded memory, and says what a job has to say of it.
 * When it fails, or is aborted, the queue is removed again. Throws `UsageError` for a list without paths.
 */
export async function sendList(
  service: QueueService,
  prefix: string,
  paths: AsyncIterable<readonly ListedPath[]>,
  { random, signal, onProgress, chunkPaths }: SendListOptions,
): Promise<JobList> {
  const id = makeId(random)
  const name = new Prefix(prefix).list(id)
  await service.create(name, { signal })
  try {
    const queue = service.queue(name)
    const packer = new ListPacker(id, { maxPaths: chunkPaths })
    const underWay = new Set<Promise<unknown>>()
    let failed: { readonly reason: unknown } | undefined
    const send = async (chunk: ListChunk): Promise<void> => {
      while (underWay.size >= sendsAtOnce) await Promise.race(underWay)
      if (failed) throw failed.reason
      const sending = queue.send(encodeListChunk(chunk), { signal }).then(
        () => {
          underWay.delete(sending)
        },
        (reason: unknown) => {
          failed ??= { reason }
          underWay.delete(sending)
        },
      )
      underWay.add(sending)
      onProgress?.(packer.paths)
    }
    for await (const some of untilAborted(paths, signal)) {
      for (const { path, kind } of some) {
        const full = packer.add(path, kind)
        if (full) await send(full)
      }
    }
    const last = packer.end()
    if (last) await send(last)
    await Promise.all(underWay)
    if (failed) throw failed.reason
    if (packer.chunks === 0) throw new UsageError('the list: expected at least one path, got none')
    if (packer.chunks > maxListChunks) throw new UsageError(`the list: expected at most ${maxListChunks} chunks`)
    return { id, chunks: packer.chunks, paths: packer.paths }
  } catch (error) {
    // The failure is what counts; a queue that stays behind is swept by a manager.
    await service.delete(name).catch(() => undefined)
    throw error
  }
}
