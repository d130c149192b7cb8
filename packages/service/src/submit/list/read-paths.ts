import { isAscii } from 'node:buffer'
import { checkPath, decodeName, normalisePath } from '@cachewarmer/core'
import { refuseForeignText, UsageError } from '../../cli/index.ts'

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

/** Whatever is not a plain absolute path of moderate length takes the slow way. */
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
