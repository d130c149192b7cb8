import { describe, expect, test } from 'vitest'
import { bytes, count, duration, fileUnderWay, plural, printable, spelledDuration, table, waitingFor } from './print.ts'

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

test('a sum that stopped at the largest whole number is shown as a lower bound', () => {
  expect([
    count(Number.MAX_SAFE_INTEGER),
    bytes(Number.MAX_SAFE_INTEGER),
    plural(Number.MAX_SAFE_INTEGER, 'file'),
  ]).toEqual(['at least 9,007,199,254,740,991', 'at least 8 PiB', 'at least 9,007,199,254,740,991 files'])
  expect([count(Number.MAX_SAFE_INTEGER - 1), bytes(2 ** 52)]).toEqual(['9,007,199,254,740,990', '4 PiB'])
})

describe('printable', () => {
  test.each([
    ['plain name.exr', 'plain name.exr'],
    ['Überblick 東京 🎬', 'Überblick 東京 🎬'],
    ['two\nlines\r\tand a tab', 'two\\nlines\\r\\tand a tab'],
    ['\u001b[31mred\u001b]0;title\u0007', '\\x1b[31mred\\x1b]0;title\\x07'],
    ['\u009b2J is CSI, too', '\\u{9b}2J is CSI, too'],
    ['\u0000\u007f', '\\x00\\x7f'],
    ['back\\slash', 'back\\\\slash'],
    ['not UTF-8: \udcff\udc80', 'not UTF-8: \\xff\\x80'],
    ['\ud800 alone', '\\u{d800} alone'],
    ['gpj.\u202eexr', 'gpj.\\u{202e}exr'],
    ['\u2066hid\u2069den\u200b\u2028\u2029\ufeff', '\\u{2066}hid\\u{2069}den\\u{200b}\\u{2028}\\u{2029}\\u{feff}'],
    ['', ''],
  ])('%j is shown as %j', (text, shown) => {
    expect(printable(text)).toBe(shown)
  })

  test('no character below U+3000 but blank, letters and signs passes', () => {
    for (let code = 0; code < 0x3000; code++) {
      expect(printable(String.fromCodePoint(code))).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    }
  })

  test('different texts never look the same', () => {
    const texts = ['\n', '\\n', '\\\\n', '\udc0a', '\u000a', '\\x0a', '\udc8a', '\u008a', '\\x8a']
    expect(new Set(texts.map(printable)).size).toBe(new Set(texts).size)
  })
})

test('a file under way says how much of it has arrived, and acts on no terminal', () => {
  expect(fileUnderWay({ path: '/a/\u001b[2J', bytes: 1_024, size: 2_048 })).toBe('/a/\\x1b[2J (1 KiB of 2 KiB)')
  expect(fileUnderWay({ path: '/a', bytes: 1_024 })).toBe('/a (1 KiB)')
})

test('a run says what it waits for, and few addresses by name', () => {
  expect(waitingFor({ ceiling: true })).toBe('its ceiling')
  expect(waitingFor({ ceiling: true, addresses: ['a', 'b\n'] })).toBe('its ceiling, a, b\\n')
  expect(waitingFor({ addresses: ['a', 'b', 'c', 'd'] })).toBe('a, b, c, 1 more address')
  expect(waitingFor({ addresses: ['a', 'b', 'c', 'd', 'e'] })).toBe('a, b, c, 2 more addresses')
})
