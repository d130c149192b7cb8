import type { ReadResult } from './nfs3/read.ts'

/**
 * Where a READ leaves the reader:
 * done     all that was wanted came, or the file ends here
 * short    the file goes on
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
