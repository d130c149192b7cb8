import { expect, test } from 'vitest'
import { readStanding } from './read-standing.ts'

/** A READ of 4,096 bytes at 0 that brought `count`. */
test.each([
  ['all that was wanted came', { count: 4_096, eof: false, size: 9_999n }, undefined, 'done'],
  ['all that was wanted came, whatever else is said', { count: 4_096, eof: true, size: 9_999n }, 9_999, 'done'],
  ['the file ends here', { count: 100, eof: true, size: 100n }, 100, 'done'],
  ['the file ends here, and eof is never said', { count: 100, eof: false, size: 100n }, 100, 'done'],
  ['an empty file', { count: 0, eof: true, size: 0n }, 0, 'done'],
  ['a READ that came short', { count: 100, eof: false, size: 9_999n }, 9_999, 'short'],
  ['a READ that came short of a file that has grown', { count: 100, eof: false, size: 101n }, 100, 'short'],
  ['an end that the size in the same reply denies', { count: 100, eof: true, size: 9_999n }, 9_999, 'short'],
  ['no bytes, and no end', { count: 0, eof: false, size: 9_999n }, 9_999, 'short'],
  ['no bytes and an end at the beginning of a file', { count: 0, eof: true, size: 9_999n }, undefined, 'short'],
  ['a size beyond what doubles tell apart', { count: 0, eof: true, size: 2n ** 63n - 1n }, 0, 'short'],
  ['a file that was cut since it was listed, or a wrong reply', { count: 100, eof: true, size: 100n }, 9_999, 'unsure'],
  ['no attributes, and the end where the listing saw it', { count: 100, eof: true, size: undefined }, 100, 'done'],
  ['no attributes and no end, where the listing saw it', { count: 100, eof: false, size: undefined }, 100, 'done'],
  ['no attributes, short of the listed size', { count: 100, eof: false, size: undefined }, 9_999, 'short'],
  ['no attributes, an end before the listed size', { count: 100, eof: true, size: undefined }, 9_999, 'unsure'],
  ['no attributes and no bytes before the listed size', { count: 0, eof: false, size: undefined }, 9_999, 'unsure'],
  ['no attributes, and nothing listed', { count: 100, eof: true, size: undefined }, undefined, 'unsure'],
  ['no attributes, nothing listed, and no end', { count: 100, eof: false, size: undefined }, undefined, 'unsure'],
] as const)('%s', (_what, read, expected, standing) => {
  expect(readStanding(read, read.count, 4_096, expected)).toBe(standing)
})
