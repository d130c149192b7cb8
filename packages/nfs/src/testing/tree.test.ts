import { expect, test } from 'vitest'
import { decodeTreeHandle, encodeTreeHandle, fileidOf } from './handles.ts'
import { contentOf, directory, file, generated, link, patternByte, type TreeFile } from './tree.ts'

test('a generated directory finds what it names, and nothing else', () => {
  const million = generated(1_000_000, 'f', () => file(3))
  expect([million.at(999_999).name, million.find('f999999'), million.find('f0')]).toEqual(['f999999', 999_999, 0])
  expect(['f1000000', 'f-1', 'f', 'f01', 'f1.5', 'x0', 'f 1'].map((name) => million.find(name))).toEqual(
    Array.from({ length: 7 }),
  )
})

test('a file has the bytes of its pattern wherever one begins', () => {
  const big = file(5n * 2n ** 40n)
  for (const offset of [0n, 65_520n, 65_521n, 5n * 2n ** 40n - 3n]) {
    const bytes = contentOf(big, offset, 200_000)
    expect(bytes.length).toBe(offset > 1_000_000n ? 3 : 200_000)
    for (const index of [0, 1, 2, bytes.length - 1]) expect(bytes[index]).toBe(patternByte(offset + BigInt(index)))
  }
  expect(contentOf(file('abc') as TreeFile, 1n, 10).toString()).toBe('bc')
  expect(contentOf(file('abc') as TreeFile, 9n, 10)).toHaveLength(0)
})

test('a handle leads back to its object, also in a deep tree, and says so when it does not', () => {
  let tree = directory({ leaf: link('x') })
  for (let depth = 0; depth < 50; depth++) tree = directory({ down: tree })
  const way = Array.from({ length: 51 }, () => 0)
  const handle = encodeTreeHandle(7, way)
  expect(decodeTreeHandle(tree, 7, handle)).toMatchObject({ node: { type: 'symlink' }, indexes: way })
  expect(decodeTreeHandle(tree, 8, handle)).toBe('STALE')
  expect(decodeTreeHandle(tree, 7, `${handle}\0`)).toBe('BADHANDLE')
  expect(decodeTreeHandle(tree, 7, '\0')).toBe('BADHANDLE')
  expect(decodeTreeHandle(tree, 7, encodeTreeHandle(7, [1]))).toBe('BADHANDLE')
  expect(decodeTreeHandle(tree, 7, `${encodeTreeHandle(7, [])}\xff`)).toBe('BADHANDLE')
  expect(() => encodeTreeHandle(7, [...way, ...way])).toThrow(RangeError)
  expect(
    decodeTreeHandle(
      generated(1_000_000, 'f', () => file(1)),
      1,
      encodeTreeHandle(1, [999_999]),
    ),
  ).toMatchObject({ indexes: [999_999] })
})

test('objects have numbers of their own', () => {
  const ids = new Set(Array.from({ length: 1_000 }, (_, index) => [fileidOf([index]), fileidOf([0, index])]).flat())
  expect(ids.size).toBe(2_000)
})
