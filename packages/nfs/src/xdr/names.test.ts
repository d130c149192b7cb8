import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeName, encodeName } from './names.ts'

describe('names', () => {
  test.each([
    ['plain', Buffer.from('plain.txt'), 'plain.txt'],
    ['UTF-8', Buffer.from('naïve 🐟'), 'naïve 🐟'],
    ['a byte order mark', Buffer.from('\ufeffmark'), '\ufeffmark'],
    ['newline and quotes', Buffer.from('a\n"\'`'), 'a\n"\'`'],
    ['Latin-1', Buffer.of(0x66, 0xfc, 0x72), 'f\udcfcr'],
    ['an overlong slash', Buffer.of(0xc0, 0xaf), '\udcc0\udcaf'],
    ['an encoded surrogate', Buffer.of(0xed, 0xb2, 0x80), '\udced\udcb2\udc80'],
    ['a sequence cut short', Buffer.of(0xf0, 0x9f, 0x90), '\udcf0\udc9f\udc90'],
    [
      'a broken byte between good characters',
      Buffer.from([...Buffer.from('é'), 0xff, ...Buffer.from('🐟')]),
      'é\udcff🐟',
    ],
    ['nothing', Buffer.alloc(0), ''],
  ])('%s has one string and comes back', (_what, bytes, name) => {
    expect(decodeName(bytes)).toBe(name)
    expect(encodeName(name)).toEqual(bytes)
  })

  test('every sequence of bytes comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(encodeName(decodeName(bytes))).toEqual(Buffer.from(bytes))
      }),
    )
  })

  test('different bytes have different strings, also through JSON', () => {
    const same = (a: Uint8Array, b: Uint8Array) => Buffer.from(a).equals(Buffer.from(b))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
        expect(JSON.stringify(decodeName(a)) === JSON.stringify(decodeName(b))).toBe(same(a, b))
      }),
    )
  })

  test.each(['\ud800', 'a\udc00', '\udc7f', '\udd00', '\udfff'])('the lone surrogate in %j is refused', (name) => {
    expect(() => encodeName(name)).toThrow(RangeError)
  })
})
