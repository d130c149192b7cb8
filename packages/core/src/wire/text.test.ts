import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbText } from '../../test/arbitraries.ts'
import {
  encodePoisonNote,
  fitText,
  fromWire,
  maxWireBytes,
  type PoisonNote,
  preview,
  shorten,
  toWire,
  wireBytes,
} from './text.ts'

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64')

/** Any string at all, lone surrogates and control characters included. */
const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) })

describe('toWire', () => {
  test('everything but printable ASCII is escaped, and what XML cares about too', () => {
    expect(toWire('é\n\u007f<>&😀\udc80')).toBe(String.raw`"\u00e9\n\u007f\u003c\u003e\u0026\ud83d\ude00\udc80"`)
  })

  test.each([undefined, () => 1, Symbol('s')])('what JSON has no word for becomes null: %s', (value) => {
    expect(toWire(value)).toBe('null')
  })

  test('any value of JSON survives the round trip in printable ASCII', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), anyText, (value, text) => {
        const wire = toWire({ value, text })
        expect(wire).toMatch(/^[ -%'-;=?-~]*$/)
        expect(fromWire(wire)).toEqual(JSON.parse(JSON.stringify({ value, text })))
      }),
    )
  })
})

describe('fromWire', () => {
  test.each([
    ['plain', '{"a":"é"}'],
    ['with a byte order mark', '\uFEFF{"a":"é"}'],
    ['with spaces around', ' \r\n{"a":"é"}\n'],
    ['base64', base64('{"a":"é"}')],
    ['base64 with a byte order mark inside', base64('\uFEFF{"a":"é"}')],
    ['base64 in lines', base64('{"a":"é"}').replace(/(.{4})/g, '$1\r\n')],
    ['with its line ends escaped for XML', '{&#xD;&#xA;\t"a"&#13; :&#x20;"é"&#xd;\n}&#xD;'],
    ['base64 with its line ends escaped for XML', base64('{&#xD;\n"a":"é"&#xD;\n}')],
    ['base64 without padding', base64('{"a":"é"}').replace(/=+$/, '')],
  ])('reads JSON %s', (_, text) => {
    expect(fromWire(text)).toEqual({ a: 'é' })
  })

  test.each([
    '',
    '{',
    'hello',
    '////',
    'not base64!',
    base64('{'),
    '=',
    '{"a":"&#xD;}',
    '&#xD;',
    '{&#x22;a&#x22;:1}',
    '[1&#xD;2]',
    Buffer.of(0x7b, 0xff).toString('base64'),
  ])('anything else is a SyntaxError: %j', (text) => {
    expect(() => fromWire(text)).toThrow(SyntaxError)
  })

  test('an escape within a string is text, wherever else there are some', () => {
    const value = { '&#xD;': 'a&#xA;b', 'quoted "&#13;"': ['\\', '&#x9;\\'] }
    const escaped = JSON.stringify(value, undefined, 1).replaceAll('\n', '&#xD;\n')
    expect(fromWire(escaped)).toEqual(value)
  })

  test('any JSON reads the same with its line ends escaped', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value, undefined, 2)
        expect(fromWire(`${text.replaceAll('\n', '&#xD;&#xA;')}&#xD;`)).toEqual(JSON.parse(text))
      }),
    )
  })

  test('any base64 of any JSON reads as the JSON does', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const json = JSON.stringify(value)
        expect(fromWire(base64(json))).toEqual(JSON.parse(json))
      }),
    )
  })
})

test('wireBytes is the number of bytes on the wire', () => {
  const wire = toWire('é😀')
  expect(wireBytes(wire)).toBe(Buffer.byteLength(wire))
})

test('fitText keeps the longest beginning that fits, and no half of a pair', () => {
  fc.assert(
    fc.property(anyText, fc.nat({ max: 60 }), (text, bytes) => {
      const size = (part: string): number => wireBytes(toWire(part)) - 2
      const kept = fitText(text, bytes)
      expect(text.startsWith(kept)).toBe(true)
      expect(size(kept)).toBeLessThanOrEqual(bytes)
      const [next = ''] = text.slice(kept.length)
      if (next !== '') expect(size(kept + next)).toBeGreaterThan(bytes)
    }),
  )
})

describe('preview', () => {
  test.each([
    ['text', '"text"'],
    ['a"b\u0007é', String.raw`"a\"b\u0007\u00e9"`],
    [undefined, 'nothing'],
    [null, 'null'],
    [1.5, '1.5'],
    [[], 'an empty list'],
    [[1, 2], 'a list of 2'],
    [{ a: 1 }, 'an object'],
  ])('shows %j', (value, shown) => {
    expect(preview(value)).toBe(shown)
  })

  test('is short and printable for any text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(preview(text.repeat(9))).toMatch(/^[ -~]{2,490}$/)
      }),
    )
  })

  test('a value nested a hundred thousand deep is no danger', () => {
    expect(preview(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)))).toBe('a list of 1')
  })
})

test('shorten leaves what fits and marks what it cut', () => {
  expect([shorten('abcdef', 6), shorten('abcdefg', 6)]).toEqual(['abcdef', 'abc...'])
})

/** Texts that may be far longer than a message, of characters that take one, two or six bytes there. */
const arbLong = fc
  .tuple(
    fc.oneof(arbText, fc.constantFrom('x', '"', '\u0001', '\ud800', '\udcff', '😀', '<&>')),
    fc.nat({ max: 70_000 }),
  )
  .map(([text, length]) => (text === '' ? '' : text.repeat(Math.ceil(length / text.length)).slice(0, length)))

const read = (note: PoisonNote): PoisonNote & { v: number } => {
  const text = encodePoisonNote(note)
  expect(text).toMatch(/^[ -~]+$/)
  expect(text.length).toBeLessThanOrEqual(maxWireBytes)
  return JSON.parse(text) as PoisonNote & { v: number }
}

test('every note fits a message, and keeps the beginning of the message that it is about', () => {
  fc.assert(
    fc.property(arbLong, arbLong, arbLong, (reason, by, message) => {
      const note = read({ reason, by, atMs: 1, message })
      expect(note.reason.slice(0, 1_000)).toBe(reason.slice(0, note.reason.length).slice(0, 1_000))
      expect(message.startsWith(note.message)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test.each([
  ['plain characters', 'x', 1],
  ['quotes', '"', 2],
  ['control characters', '\u0001', 6],
  ['lone surrogates', '\udcff', 6],
  ['pairs of surrogates', '😀', 6],
])('a note of a message of %s wastes no room', (_, unit, bytes) => {
  const note = { reason: 'why', by: 'worker-1', atMs: 1, message: unit.repeat(65_536) }
  const rest = encodePoisonNote({ ...note, message: '' }).length
  expect(read(note).message.length).toBeGreaterThan((maxWireBytes - rest) / bytes - 3)
})

test('a short note is kept as it is', () => {
  const note = { reason: 'no such key', by: 'manager-1', atMs: 1_700_000_000_000, message: '{"v":1,"run":"é"}' }
  expect(read(note)).toEqual({ v: 1, ...note })
})
