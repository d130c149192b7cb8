import { CoreError, problem } from '../errors.ts'
import { preview } from '../wire/text.ts'

/*
 * Patterns of Go's path/filepath.Match, which people of the original know: `*` any run of characters, `?` one, `[a-z]` and
 * `[^a-z]` a class, `\x` the character itself; none but a negated class matches '/'. A character is a code point; each
 * byte of a name that is not UTF-8 is one, as in Go. Unlike Go, a bad pattern is always refused.
 */

interface Class {
  readonly negated: boolean
  readonly ranges: readonly (readonly [low: number, high: number])[]
}

/** A character is itself, `'?'` any but '/', `'*'` any run without '/'. */
type GlobToken = number | '*' | '?' | Class

const slash = 0x2f

function badPattern(pattern: string, expected: string): CoreError {
  return new CoreError('PATTERN_INVALID', [problem('pattern', pattern, expected)])
}

/** Reads a pattern once, throwing `PATTERN_INVALID`. */
function parseGoPattern(pattern: string): GlobToken[] {
  const characters = Array.from(pattern, (character) => character.codePointAt(0) as number)
  const tokens: GlobToken[] = []
  for (let at = 0; at < characters.length; at++) {
    const character = String.fromCodePoint(characters[at] as number)
    if (character === '*') {
      if (tokens.at(-1) !== '*') tokens.push('*')
    } else if (character === '?') tokens.push('?')
    else if (character === '[') {
      const { token, end } = parseClass(pattern, characters, at + 1)
      tokens.push(token)
      at = end
    } else if (character === '\\') {
      const escaped = characters[++at]
      if (escaped === undefined) throw badPattern(pattern, 'a character after the last "\\"')
      tokens.push(escaped)
    } else tokens.push(characters[at] as number)
  }
  return tokens
}

/** From behind the '[' to the ']' that ends the class, which is where `end` points. */
function parseClass(pattern: string, characters: readonly number[], start: number): { token: Class; end: number } {
  const is = (at: number, character: string): boolean => characters[at] === character.codePointAt(0)
  let at = start
  const negated = is(at, '^')
  if (negated) at++
  const ranges: [number, number][] = []
  const bound = (): number => {
    if (is(at, '-') || is(at, ']'))
      throw badPattern(pattern, 'a character or range in "[...]", with "\\" before "-" and "]"')
    if (is(at, '\\')) at++
    const code = characters[at++]
    if (code === undefined || at >= characters.length) throw badPattern(pattern, 'a "]" for every "["')
    return code
  }
  while (ranges.length === 0 || !is(at, ']')) {
    const low = bound()
    let high = low
    if (is(at, '-')) {
      at++
      high = bound()
    }
    ranges.push([low, high])
  }
  return { token: { negated, ranges }, end: at }
}

function matchesOne(token: GlobToken, code: number): boolean {
  if (typeof token === 'number') return token === code
  if (token === '?') return code !== slash
  if (token === '*') return false
  return token.ranges.some(([low, high]) => low <= code && code <= high) !== token.negated
}

const width = (code: number): number => (code > 0xffff ? 2 : 1)

/**
 * Steps through both at once; on a mismatch the last star takes one character more. An earlier star never needs to, so
 * the time is at most the product of both lengths.
 */
function matchTokens(tokens: readonly GlobToken[], name: string): boolean {
  let token = 0
  let at = 0
  let star = -1
  let starAt = 0
  while (at < name.length) {
    const code = name.codePointAt(at) as number
    const wanted = tokens[token]
    if (wanted === '*') {
      star = token++
      starAt = at
    } else if (wanted !== undefined && matchesOne(wanted, code)) {
      token++
      at += width(code)
    } else {
      const taken = star < 0 ? slash : (name.codePointAt(starAt) as number)
      if (taken === slash) return false
      starAt += width(taken)
      at = starAt
      token = star + 1
    }
  }
  while (tokens[token] === '*') token++
  return token === tokens.length
}

/**
 * A matcher with the rules of Go's `filepath.Match` for a whole name. Compiles once; matching takes at most the product
 * of both lengths, for every pattern. Throws `PATTERN_INVALID`.
 */
export function compileGoPattern(pattern: string): (name: string) => boolean {
  const tokens = parseGoPattern(pattern)
  return fastMatch(tokens) ?? ((name) => matchTokens(tokens, name))
}

/** What most patterns are: `*.exr`, `render_*`, a plain name. */
function fastMatch(tokens: readonly GlobToken[]): ((name: string) => boolean) | undefined {
  const stars = tokens.filter((token) => token === '*').length
  const literals = tokens.filter((token) => typeof token === 'number')
  if (stars > 1 || stars + literals.length !== tokens.length) return undefined
  // One by one: a long pattern has more characters than a call may have arguments.
  const text = literals.map((code) => String.fromCodePoint(code)).join('')
  // Half of a surrogate pair must not match the end of a whole one.
  if (!text.isWellFormed()) return undefined
  if (stars === 0) return (name) => name === text
  if (tokens[0] === '*') return (name) => name.endsWith(text) && !name.slice(0, name.length - text.length).includes('/')
  if (tokens.at(-1) === '*') return (name) => name.startsWith(text) && !name.includes('/', text.length)
  return undefined
}

// Patterns with a '/' or '**' look at the whole path, from the root of the export:
//   /a/*.exr     begins at the root
//   a/*.exr      begins at any directory, as in .gitignore
//   a/**/b       '**' as a whole segment is any number of directories, also none
//   a/**         at the end: everything below a, but not a itself
// Within a segment the rules are Go's; '**' that is not a whole segment is a '*' there.

type Segment = readonly GlobToken[] | '**'

/** True for a pattern that is about paths rather than about the last name in them. */
export const isPathPattern = (pattern: string): boolean => pattern.includes('/') || pattern.includes('**')

function badPathPattern(pattern: string, expected: string): CoreError {
  return new CoreError('PATTERN_INVALID', [problem('pattern', pattern, expected)])
}

/**
 * A matcher for absolute paths within the export. A '/' can't be escaped or stand in a class. Matching takes at most the
 * product of both lengths. Throws `PATTERN_INVALID`.
 */
export function compilePathPattern(pattern: string): (path: string) => boolean {
  const anchored = pattern.startsWith('/')
  const names = (anchored ? pattern.slice(1) : pattern).split('/')
  if (names.includes('')) throw badPathPattern(pattern, 'names between its "/", and none at its end')
  if (names.includes('.') || names.includes('..')) throw badPathPattern(pattern, 'no segment "." or ".."')
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
    throw badPathPattern(pattern, `${expected ?? 'a pattern'} within ${preview(name)}`)
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
