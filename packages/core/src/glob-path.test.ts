import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileGoPattern } from './glob-go.ts'
import { compilePathPattern, isPathPattern } from './glob-path.ts'

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

describe('whatever the pattern', () => {
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
