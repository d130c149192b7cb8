import { expect, test } from 'vitest'
import { table } from './table.ts'
import { bytes, count, duration, plural, spelledDuration } from './units.ts'

test.each([
  [0, '0 B'],
  [1, '1 B'],
  [1_023, '1023 B'],
  [1_536, '1.5 KiB'],
  [683_671_552, '652 MiB'],
  [2 ** 40, '1 TiB'],
  [0.4, '0 B'],
])('%d bytes are %s', (value, text) => {
  expect(bytes(value)).toBe(text)
})

test.each([
  [0, '0ms'],
  [850.4, '850ms'],
  [12_345, '12.3s'],
  [59_999, '59.9s'],
  [60_000, '1m'],
  [61_900, '1m 1s'],
  [7_500_000, '2h 5m'],
  [90_061_000, '1d 1h'],
  [-5, '0ms'],
])('%d ms are %s', (value, text) => {
  expect(duration(value)).toBe(text)
})

test('counts have their thousands apart, and words follow them', () => {
  expect(count(1_234_567.6)).toBe('1,234,568')
  expect(plural(0, 'file')).toBe('0 files')
  expect(plural(1, 'file')).toBe('1 file')
  expect(plural(1_000, 'entry', 'entries')).toBe('1,000 entries')
})

test('a duration in a sentence is spelled', () => {
  expect(spelledDuration(15_000)).toBe('15 seconds')
  expect(spelledDuration(90_000)).toBe('1 minute 30 seconds')
  expect(spelledDuration(1_800_000)).toBe('30 minutes')
})

test('a table has even columns and nothing after the last cell', () => {
  expect(
    table(
      [
        ['a', 'b', ''],
        ['long', '1', 'x'],
        ['', '1000', ''],
      ],
      ['left', 'right', 'left'],
    ),
  ).toEqual(['a        b', 'long     1  x', '      1000'])
})

test('a sum that stopped at the largest whole number is told as the least that there is', () => {
  expect([
    count(Number.MAX_SAFE_INTEGER),
    bytes(Number.MAX_SAFE_INTEGER),
    plural(Number.MAX_SAFE_INTEGER, 'file'),
  ]).toEqual(['at least 9,007,199,254,740,991', 'at least 8 PiB', 'at least 9,007,199,254,740,991 files'])
  expect([count(Number.MAX_SAFE_INTEGER - 1), bytes(2 ** 52)]).toEqual(['9,007,199,254,740,990', '4 PiB'])
})
