import { CoreError, problem } from './errors.ts'
import { type GlobToken, matchTokens, parseGoPattern } from './glob-go.ts'
import { preview } from './text.ts'

// Patterns with a '/' or '**' look at the whole path, from the root of the export:
//   /a/*.exr     begins at the root
//   a/*.exr      begins at any directory, as in .gitignore
//   a/**/b       '**' as a whole segment is any number of directories, also none
//   a/**         at the end: everything below a, but not a itself
// Within a segment the rules are Go's; '**' that is not a whole segment is a '*' there.

type Segment = readonly GlobToken[] | '**'

/** True for a pattern that is about paths rather than about the last name in them. */
export const isPathPattern = (pattern: string): boolean => pattern.includes('/') || pattern.includes('**')

function badPattern(pattern: string, expected: string): CoreError {
  return new CoreError('PATTERN_INVALID', [problem('pattern', pattern, expected)])
}

/**
 * A matcher for absolute paths within the export. A '/' can't be escaped or stand in a class. Matching takes at most the
 * product of both lengths. Throws `PATTERN_INVALID`.
 */
export function compilePathPattern(pattern: string): (path: string) => boolean {
  const anchored = pattern.startsWith('/')
  const names = (anchored ? pattern.slice(1) : pattern).split('/')
  if (names.includes('')) throw badPattern(pattern, 'names between its "/", and none at its end')
  if (names.includes('.') || names.includes('..')) throw badPattern(pattern, 'no segment "." or ".."')
  const segments: Segment[] = anchored ? [] : ['**']
  for (const name of names) {
    const segment = name === '**' ? name : parseSegment(name, pattern)
    if (segment !== '**' || segments.at(-1) !== '**') segments.push(segment)
  }
  return (path) => matchSegments(segments, path)
}

function parseSegment(name: string, pattern: string): GlobToken[] {
  try {
    return parseGoPattern(name)
  } catch (error) {
    const expected = error instanceof CoreError ? error.problems[0]?.expected : undefined
    throw badPattern(pattern, `${expected ?? 'a pattern'} within ${preview(name)}`)
  }
}

/**
 * The same walk as in one segment, a level up: `**` for the star, a segment for a character. Only names are stepped
 * over, so a `**` at the end has to find one.
 */
function matchSegments(segments: readonly Segment[], path: string): boolean {
  const names = path.split('/').slice(1)
  let segment = 0
  let at = 0
  let star = -1
  let starAt = 0
  while (at < names.length) {
    const wanted = segments[segment]
    if (wanted === '**') {
      star = segment++
      starAt = at
    } else if (wanted !== undefined && matchTokens(wanted, names[at] as string)) {
      segment++
      at++
    } else {
      if (star < 0) return false
      at = ++starAt
      segment = star + 1
    }
  }
  return segment === segments.length
}
