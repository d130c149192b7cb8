import { describe, expect, test } from 'vitest'
import { printable } from './printable.ts'

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
