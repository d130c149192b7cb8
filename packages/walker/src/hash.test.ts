import { expect, test } from 'vitest'
import { hashPath } from './hash.ts'

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
