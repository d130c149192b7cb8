import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isCoreError } from '../errors.ts'
import { compileGoPattern, compilePathPattern, isPathPattern } from './glob.ts'

/** Go's rules once more, as a regular expression; undefined for a bad pattern. Exponential, so for short names alone. */
function reference(pattern: string): RegExp | undefined {
  const characters = Array.from(pattern)
  const hex = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  let at = 0
  let source = ''
  const bound = (): string | undefined => {
    if (at >= characters.length || characters[at] === '-' || characters[at] === ']') return undefined
    if (characters[at] === '\\') at++
    const character = characters[at++]
    return at >= characters.length ? undefined : character
  }
  while (at < characters.length) {
    const character = characters[at++] as string
    if (character === '*') source += '[^/]*'
    else if (character === '?') source += '[^/]'
    else if (character === '\\') {
      if (at >= characters.length) return undefined
      source += hex(characters[at++] as string)
    } else if (character === '[') {
      const negated = characters[at] === '^'
      if (negated) at++
      let body = ''
      for (let ranges = 0; ranges === 0 || characters[at] !== ']'; ranges++) {
        const low = bound()
        let high = low
        if (low !== undefined && characters[at] === '-') {
          at++
          high = bound()
        }
        if (low === undefined || high === undefined) return undefined
        if ((low.codePointAt(0) ?? 0) <= (high.codePointAt(0) ?? 0)) body += `${hex(low)}-${hex(high)}`
      }
      at++
      source += negated ? `[^${body}]` : `[${body}]`
    } else source += hex(character)
  }
  return new RegExp(`^${source}$`, 'us')
}

const compiled = (pattern: string): ((name: string) => boolean) | undefined => {
  try {
    return compileGoPattern(pattern)
  } catch (error) {
    if (isCoreError(error) && error.code === 'PATTERN_INVALID') return undefined
    throw error
  }
}

/** The table of Go's own test of `Match`, which says what is promised; slashes and all. */
test.each([
  ['abc', 'abc', true],
  ['*', 'abc', true],
  ['*c', 'abc', true],
  ['a*', 'a', true],
  ['a*', 'abc', true],
  ['a*', 'ab/c', false],
  ['a*/b', 'abc/b', true],
  ['a*/b', 'a/c/b', false],
  ['a*b*c*d*e*/f', 'axbxcxdxe/f', true],
  ['a*b*c*d*e*/f', 'axbxcxdxexxx/f', true],
  ['a*b*c*d*e*/f', 'axbxcxdxe/xxx/f', false],
  ['a*b*c*d*e*/f', 'axbxcxdxexxx/fff', false],
  ['a*b?c*x', 'abxbbxdbxebxczzx', true],
  ['a*b?c*x', 'abxbbxdbxebxczzy', false],
  ['ab[c]', 'abc', true],
  ['ab[b-d]', 'abc', true],
  ['ab[e-g]', 'abc', false],
  ['ab[^c]', 'abc', false],
  ['ab[^b-d]', 'abc', false],
  ['ab[^e-g]', 'abc', true],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'ab', false],
  ['a?b', 'a☺b', true],
  ['a[^a]b', 'a☺b', true],
  ['a???b', 'a☺b', false],
  ['a[^a][^a][^a]b', 'a☺b', false],
  ['[a-ζ]*', 'α', true],
  ['*[a-ζ]', 'A', false],
  ['a?b', 'a/b', false],
  ['a*b', 'a/b', false],
  ['[\\]a]', ']', true],
  ['[\\-]', '-', true],
  ['[x\\-]', 'x', true],
  ['[x\\-]', '-', true],
  ['[x\\-]', 'z', false],
  ['[\\-x]', 'x', true],
  ['[\\-x]', '-', true],
  ['[\\-x]', 'a', false],
  ['*x', 'xxx', true],
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['*', '.hidden', true],
  ['*.*', 'name', false],
  ['[!a]', '!', true],
  ['[z-a]', 'b', false],
  ['[^z-a]', 'b', true],
  ['?', '😀', true],
  ['?', '\udc80', true],
  ['*\udc00', '😀', false],
  ['[😀-😂]', '😁', true],
])('%j for %j is %j', (pattern, name, matches) => {
  expect(compileGoPattern(pattern)(name)).toBe(matches)
})

test.each([
  '[]a]',
  '[-]',
  '[x-]',
  '[-x]',
  '[a-b-c]',
  '[',
  '[^',
  '[^bc',
  'a[',
  '\\',
  'a\\',
  '[a\\',
  '[\\',
  '[]',
  '[a-',
  '*[',
])('the pattern %j is refused', (pattern) => {
  expect(() => compileGoPattern(pattern)).toThrow(
    expect.objectContaining({ code: 'PATTERN_INVALID', problems: [expect.objectContaining({ field: 'pattern' })] }),
  )
})

describe('every pattern', () => {
  const alphabet = fc.constantFrom('a', 'b', 'c', '*', '?', '[', ']', '^', '-', '\\', '/', 'é', '😀', '\udc80')
  const patterns = fc.string({ unit: alphabet, maxLength: 10 })
  const names = fc.string({
    unit: fc.constantFrom('a', 'b', 'c', '/', 'é', '😀', '\udc80', '-', ']', '^'),
    maxLength: 8,
  })

  test('names match as they do in Go', () => {
    fc.assert(
      fc.property(patterns, names, (pattern, name) => {
        expect(compiled(pattern)?.(name)).toBe(reference(pattern)?.test(name))
      }),
      { numRuns: 5_000 },
    )
  })

  test('a pattern made of a name matches it: escaped, with stars, with question marks', () => {
    fc.assert(
      fc.property(names, (name) => {
        const characters = Array.from(name)
        expect(compileGoPattern(characters.map((one) => `\\${one}`).join(''))(name)).toBe(true)
        expect(compileGoPattern(characters.map((one) => `*\\${one}`).join(''))(name)).toBe(true)
        expect(compileGoPattern(characters.map((one) => (one === '/' ? one : '?')).join(''))(name)).toBe(true)
      }),
    )
  })

  test('many stars end soon, though a backtracking matcher would not end at all', () => {
    const matches = compileGoPattern(`${'*a'.repeat(200)}*b`)
    expect(matches('a'.repeat(10_000))).toBe(false)
    expect(matches(`${'a'.repeat(10_000)}b`)).toBe(true)
  })

  test('a name that is longer than any is a pattern too', () => {
    const name = 'a'.repeat(250_000)
    expect([compileGoPattern(name)(name), compileGoPattern(name)('a')]).toEqual([true, false])
  })
})

describe('which patterns are about paths', () => {
  test.each(['a/b', '/a', 'a/', '**', '**.exr', '/'])('%j is', (pattern) => {
    expect(isPathPattern(pattern)).toBe(true)
  })
  test.each(['', '*', 'a', '*.exr', '*?*'])('%j is not', (pattern) => {
    expect(isPathPattern(pattern)).toBe(false)
  })
})

test.each([
  ['/a', '/a', true],
  ['/a', '/b/a', false],
  ['/a', '/a/b', false],
  ['a/b', '/a/b', true],
  ['a/b', '/x/y/a/b', true],
  ['a/b', '/xa/b', false],
  ['a/b', '/a/b/c', false],
  ['/a/*.exr', '/a/x.exr', true],
  ['/a/*.exr', '/a/b/x.exr', false],
  ['/a/**', '/a', false],
  ['/a/**', '/a/b', true],
  ['/a/**', '/a/b/c', true],
  ['/a/**', '/ab', false],
  ['a/**', '/x/a/b/c', true],
  ['/a/**/z', '/a/z', true],
  ['/a/**/z', '/a/b/z', true],
  ['/a/**/z', '/a/b/c/z', true],
  ['/a/**/z', '/a/z/b', false],
  ['/a/**/**/z', '/a/z', true],
  ['**/z', '/z', true],
  ['**/z', '/a/b/z', true],
  ['/**/z', '/a/b/z', true],
  ['**', '/a', true],
  ['**', '/a/b/c', true],
  ['/**', '/a/b/c', true],
  ['**/b/**/c', '/a/b/x/b/c', true],
  ['**/b/*/c', '/a/b/x/b/y/c', true],
  ['**.exr', '/a/b.exr', true],
  ['/**.exr', '/a/b.exr', false],
  ['/a**b/c', '/axb/c', true],
  ['/a**b/c', '/ax/yb/c', false],
  ['/[ab]/?', '/a/x', true],
  ['/[ab]/?', '/c/x', false],
  ['/a\\*/b', '/a*/b', true],
  ['/a/.*', '/a/.hidden', true],
  ['/é/\udc80', '/é/\udc80', true],
])('%j for %j is %j', (pattern, path, matches) => {
  expect(compilePathPattern(pattern)(path)).toBe(matches)
})

test.each(['', '/', '//', 'a//b', 'a/', '/a/', 'a/./b', 'a/../b', '..', '/[a', 'a/[b/]', '/a\\/b', '**/[', '**/'])(
  'the pattern %j is refused',
  (pattern) => {
    expect(() => compilePathPattern(pattern)).toThrow(expect.objectContaining({ code: 'PATTERN_INVALID' }))
  },
)

test('a bad segment is named', () => {
  expect(() => compilePathPattern('/good/[bad')).toThrow('within "[bad"')
  expect(() => compilePathPattern('/good/[\u001b[2J')).toThrow('within "[\\u001b[2J"')
})

describe('every pattern', () => {
  /** The rules as they are written down, segment by segment, by trying everything. */
  const reference = (segments: readonly string[], names: readonly string[]): boolean => {
    const [segment, ...rest] = segments
    if (segment === undefined) return names.length === 0
    if (segment === '**') {
      const fewest = rest.length === 0 ? 1 : 0
      return (
        names.some((_, taken) => taken >= fewest && reference(rest, names.slice(taken))) ||
        (rest.length === 0 ? names.length > 0 : reference(rest, []))
      )
    }
    const [name, ...others] = names
    return name !== undefined && compileGoPattern(segment)(name) && reference(rest, others)
  }
  const segments = fc.array(fc.constantFrom('a', 'b', '*', '**', 'a*', '?'), { minLength: 1, maxLength: 6 })
  const paths = fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 7 })

  test('an anchored one matches as its segments do one by one', () => {
    fc.assert(
      fc.property(segments, paths, (pattern, names) => {
        expect(compilePathPattern(`/${pattern.join('/')}`)(`/${names.join('/')}`)).toBe(reference(pattern, names))
      }),
      { numRuns: 3_000 },
    )
  })

  test('without a leading "/" it matches where it would below some directory', () => {
    fc.assert(
      fc.property(segments, paths, (pattern, names) => {
        const somewhere = names.some((_, start) => reference(pattern, names.slice(start)))
        expect(compilePathPattern(pattern.join('/'))(`/${names.join('/')}`)).toBe(somewhere)
      }),
      { numRuns: 3_000 },
    )
  })

  test('many "**" end soon, though trying everything would not end at all', () => {
    const matches = compilePathPattern(`/${'**/*a*a/'.repeat(100)}b`)
    expect(matches(`/${'aaaa/'.repeat(800)}aaaa`)).toBe(false)
    expect(matches(`/${'aaaa/'.repeat(800)}b`)).toBe(true)
  })
})
