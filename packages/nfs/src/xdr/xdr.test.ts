import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { written } from '../testing/bytes.ts'
import { decodeName, encodeName } from './names.ts'
import { XdrReader } from './reader.ts'
import { XdrWriter } from './writer.ts'

const protocol = expect.objectContaining({ code: 'PROTOCOL' })

describe('XDR', () => {
  test('every type has the bytes of RFC 4506', () => {
    const bytes = written((w) => {
      w.u32(0xfffefdfc)
      w.i32(-2)
      w.u64(0x0123_4567_89ab_cdefn)
      w.u64(2 ** 53 - 1)
      w.bool(true)
      w.opaque(Buffer.from('abcde'))
      w.latin1('\xff\x00')
      w.fixed(Buffer.from('xyz'))
    })
    expect(bytes.toString('hex')).toBe(
      ['fffefdfc', 'fffffffe', '0123456789abcdef', '001fffffffffffff', '00000001'].join('') +
        ['00000005', '6162636465000000', '00000002', 'ff000000', '78797a00'].join(''),
    )
    const r = new XdrReader(bytes)
    expect([r.u32(), r.i32(), r.u64(), r.u64(), r.bool()]).toEqual([
      0xfffefdfc,
      -2,
      0x0123456789abcdefn,
      2n ** 53n - 1n,
      true,
    ])
    expect([r.opaque(5).toString(), r.latin1(2), r.fixed(3).toString(), r.remaining]).toEqual([
      'abcde',
      '\xff\x00',
      'xyz',
      0,
    ])
  })

  test('what is written over a used buffer has zeros for padding', () => {
    const w = new XdrWriter(Buffer.alloc(64, 0xee))
    w.opaque(Buffer.from('a'))
    w.latin1('b')
    expect(w.written().toString('hex')).toBe('00000001610000000000000162000000')
  })

  test('64-bit numbers come back whether written as bigint or number', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (value) => {
        expect(new XdrReader(written((w) => w.u64(value))).u64()).toBe(BigInt(value))
      }),
    )
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        expect(new XdrReader(written((w) => w.u64(value))).u64()).toBe(value)
      }),
    )
  })

  test('a name is the same whether it takes the fast way for ASCII or not', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ maxLength: 40 }).map(encodeOr),
      fc.constant(new Uint8Array()),
    )
    fc.assert(
      fc.property(bytes, (name) => {
        expect(new XdrReader(written((w) => w.opaque(name))).name(160)).toBe(decodeName(name))
      }),
    )
  })
  const encodeOr = (name: string) => (name.isWellFormed() ? encodeName(name) : Buffer.of(0xff))

  test('a view shares the bytes, a copy does not', () => {
    const bytes = written((w) => {
      w.opaque(Buffer.from('same'))
      w.opaque(Buffer.from('copy'))
    })
    const r = new XdrReader(bytes)
    const [view, copy] = [r.borrow(r.length(4)), r.opaque(4)]
    bytes.fill(0)
    expect([view.toString(), copy.toString()]).toEqual(['\0\0\0\0', 'copy'])
  })

  test('a reader keeps within its bounds though the buffer is longer', () => {
    const bytes = Buffer.alloc(64)
    expect(() => new XdrReader(bytes, 8, 11).u32()).toThrow(protocol)
    expect(() => new XdrReader(bytes, 8, 15).u64()).toThrow(protocol)
    expect(new XdrReader(bytes, 8, 12).u32()).toBe(0)
    expect(new XdrReader().reset(bytes, 60).remaining).toBe(4)
  })

  test.each([2, 0x8000_0000, 0xffff_ffff])('a boolean of %i is refused', (value) => {
    expect(() => new XdrReader(written((w) => w.u32(value))).bool()).toThrow(protocol)
  })

  test('a length beyond the bound, or beyond the message, is refused before anything is allocated', () => {
    const promise = written((w) => w.u32(0xffff_fffc))
    expect(() => new XdrReader(promise).opaque(64)).toThrow(protocol)
    expect(() => new XdrReader(promise).opaque(0xffff_ffff)).toThrow(protocol)
    expect(() => new XdrReader(promise).latin1(0xffff_ffff)).toThrow(protocol)
    expect(() => new XdrReader(promise).name(0xffff_ffff)).toThrow(protocol)
    expect(() => new XdrReader(Buffer.alloc(4)).take(8)).toThrow(protocol)
  })

  test('missing padding is an early end', () => {
    const bytes = written((w) => w.opaque(Buffer.from('abcde'))).subarray(0, 9)
    expect(() => new XdrReader(bytes).opaque(5)).toThrow(protocol)
  })

  test('a writer hands over its whole buffer and continues in the next, which grows', () => {
    const buffer = Buffer.alloc(8)
    const w = new XdrWriter(buffer)
    w.u32(1)
    expect(w.swap(Buffer.alloc(1))).toBe(buffer)
    w.u32(2)
    w.raw(Buffer.alloc(300, 3))
    w.patchU32(0, 4)
    expect([buffer.toString('hex'), w.written().toString('hex')]).toEqual([
      '0000000100000000',
      `00000004${'03'.repeat(300)}`,
    ])
  })
})
