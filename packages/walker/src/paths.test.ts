import { expect, test } from 'vitest'
import { checkName, checkPath, hashPath, joinPath, nameOf, parentOf, show } from './paths.ts'

test.for(['/', '/a', '/a/b', '/.hidden', '/..a', '/a.', '/...', '/a b\n', '/\udcff'])('%j is a path', (path) => {
  expect(checkPath('path', path)).toBe(path)
})

test.for(['', 'a', '/a/', '//', '/a//b', '/.', '/a/.', '/..', '/a/../b', '/a/./b', '/a\0b', 7, undefined])(
  '%j is no path',
  (path) => {
    expect(() => checkPath('parts[3].path', path)).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: expect.stringMatching(/^parts\[3\]\.path is .*, expected an absolute path/),
      }),
    )
  },
)

test.for(['', '.', '..', 'a/b', '/', 'a\0'])('%j is no name', (name) => {
  expect(() => checkName('names', name)).toThrow('expected the name of a file in its directory')
})

test.for(['a', '...', '.a', 'new\nline'])('%j is a name', (name) => {
  expect(checkName('names', name)).toBe(name)
})

test('paths are taken apart and put together', () => {
  expect([joinPath('/', 'a'), joinPath('/a', 'b')]).toEqual(['/a', '/a/b'])
  expect([parentOf('/'), parentOf('/a'), parentOf('/a/b')]).toEqual(['/', '/', '/a'])
  expect([nameOf('/'), nameOf('/a'), nameOf('/a/b')]).toEqual(['', 'a', 'b'])
})

test('a message shows a value on one line and not endlessly', () => {
  expect(show('a\nb')).toBe('"a\\nb"')
  expect(show('x'.repeat(5_000)).length).toBeLessThan(210)
  expect(show(undefined)).toBe('undefined')
})

test.for([
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['foobar', 0xbf9cf968],
] as const)('hashes %j as FNV-1a does', ([text, hash]) => {
  expect(hashPath(text)).toBe(hash)
})

test('spreads the files of a directory evenly over three mounts', () => {
  const counts = [0, 0, 0]
  for (let at = 0; at < 3_000; at++) {
    const mount = hashPath(`/scene/frame.${at}.exr`) % 3
    counts[mount] = (counts[mount] ?? 0) + 1
  }
  for (const count of counts) expect(count).toBeGreaterThan(800)
})
