import { expect, test } from 'vitest'
import { handleFromHex, handleToHex } from './objects.ts'

test('a handle survives the way through hex, in either case of letters', () => {
  for (const hex of ['', '00', '00ff7f80', 'ab'.repeat(64)]) {
    expect(handleToHex(handleFromHex(hex))).toBe(hex)
    expect(handleFromHex(hex.toUpperCase())).toBe(handleFromHex(hex))
  }
})

test.each(['0', 'xy', '00 ', 'ab'.repeat(65)])('%j is no handle', (hex) => {
  expect(() => handleFromHex(hex)).toThrow(RangeError)
})
