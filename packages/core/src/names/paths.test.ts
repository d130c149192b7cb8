import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ancestors, checkName, checkPath, compareNames, maxPathBytes, nameBytes, normalisePath } from './paths.ts'

/** Names as a filer may give them: characters, and bytes that are not UTF-8. */
const character = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.integer({ min: 0xdc80, max: 0xdcff }).map((code) => String.fromCharCode(code)),
)
const anyName = fc.array(character, { maxLength: 8 }).map((parts) => parts.join(''))

/** The bytes of a name, by the rule of PEP 383. */
const bytesOf = (name: string): Buffer =>
  Buffer.concat(
    Array.from(name, (one) => {
      const code = one.codePointAt(0) ?? 0
      return code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - 0xdc00) : Buffer.from(one, 'utf8')
    }),
  )

test('nameBytes counts the bytes on the filer', () => {
  fc.assert(
    fc.property(anyName, (name) => {
      expect(nameBytes(name)).toBe(bytesOf(name).length)
    }),
  )
})

test.each(['\ud800', '\udc7f', '\udd00', 'a\udfffb'])('nameBytes knows that %j stands for no bytes', (name) => {
  expect(nameBytes(name)).toBeUndefined()
})

test.each([
  ['', '/'],
  ['/', '/'],
  ['a', '/a'],
  ['//a/./b//', '/a/b'],
  ['/a/../b', '/a/../b'],
  ['/...', '/...'],
])('normalisePath makes %j to %j', (given, path) => {
  expect(normalisePath(given)).toBe(path)
})

describe('checkPath', () => {
  test.each(['/', '/a', '/a/b c', '/...', '/\udc80', '/é', `/${'a'.repeat(maxPathBytes - 1)}`])('takes %j', (path) => {
    expect(checkPath(path)).toBeUndefined()
  })

  test.each([
    ['', 'begins with'],
    ['a', 'begins with'],
    ['/a/', 'at its end'],
    ['/a//b', '"//"'],
    ['/./a', '"."'],
    ['/..', '".."'],
    ['/a/../b', '".."'],
    ['/a\0', 'NUL'],
    ['/\ud800', 'surrogates'],
    [`/${'é'.repeat(maxPathBytes / 2)}`, '8192 bytes'],
  ])('refuses %j', (path, expected) => {
    expect(checkPath(path)).toContain(expected)
  })

  test('a normalised path is taken or is refused for another reason than its form', () => {
    fc.assert(
      fc.property(fc.array(anyName), (names) => {
        expect(checkPath(normalisePath(names.join('/'))) ?? '').not.toContain('"//"')
      }),
    )
  })
})

describe('checkName', () => {
  test.each(['a', '...', ' ', '\udcff', 'a\nb', '*'])('takes %j', (name) => {
    expect(checkName(name)).toBeUndefined()
  })

  test.each(['', '.', '..', 'a/b', '/', 'a\0', '\ud800', 'a'.repeat(maxPathBytes + 1)])('refuses %j', (name) => {
    expect(checkName(name)).toBeTypeOf('string')
  })
})

test.each([
  ['/', []],
  ['/a', ['/']],
  ['/a/b/c', ['/', '/a', '/a/b']],
])('ancestors of %j are %j', (path, directories) => {
  expect(ancestors(path)).toEqual(directories)
})

test('compareNames orders as the bytes do', () => {
  fc.assert(
    fc.property(anyName, anyName, (a, b) => {
      expect(Math.sign(compareNames(a, b))).toBe(Buffer.compare(bytesOf(a), bytesOf(b)))
    }),
  )
})

test('compareNames differs from the order of UTF-16 where that differs from the bytes', () => {
  const [tilde, smile] = ['\uff5e', '😀'] as const
  expect([tilde, smile].toSorted()).toEqual([smile, tilde])
  expect([smile, tilde].toSorted(compareNames)).toEqual([tilde, smile])
})
