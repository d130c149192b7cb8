import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutsOf } from '../testing/bytes.ts'
import { RecordReader, type RecordSink, recordMark } from './record.ts'

interface Seen {
  readonly kept: string
  readonly length: number
}

/** Collects records; keeps `keep` bytes of those that come in pieces. */
function collector(keep = Number.POSITIVE_INFINITY) {
  const seen: Seen[] = []
  const asked: number[] = []
  const sink: RecordSink = {
    keep: (word) => {
      asked.push(word)
      return keep
    },
    record: (bytes, start, kept, length) => seen.push({ kept: bytes.toString('latin1', start, start + kept), length }),
  }
  return { seen, asked, reader: new RecordReader(sink, 1000) }
}

const mark = (length: number, last: boolean) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(last ? recordMark(length) : length)
  return bytes
}
const record = (...fragments: string[]) =>
  Buffer.concat(fragments.flatMap((f, i) => [mark(f.length, i === fragments.length - 1), Buffer.from(f, 'latin1')]))

describe('records', () => {
  const stream = Buffer.concat([
    record('abcdefgh'),
    record('ijkl', '', 'mnopq'),
    record(''),
    record('r', 's', ''),
    record('tuvwx'),
  ])
  const records = ['abcdefgh', 'ijklmnopq', '', 'rs', 'tuvwx'].map((kept) => ({ kept, length: kept.length }))

  test.each(cutsOf(stream))('cut at byte %i, the stream gives the same records', (_at, head, tail) => {
    const { seen, reader } = collector()
    reader.push(head)
    reader.push(tail)
    expect(seen).toEqual(records)
  })

  test('byte by byte, the stream gives the same records', () => {
    const { seen, reader } = collector()
    for (const byte of stream) reader.push(Buffer.of(byte))
    expect(seen).toEqual(records)
  })

  test('any fragments in any chunks give the records that went in', () => {
    const bytes = fc.string({ unit: fc.nat(255).map((b) => String.fromCharCode(b)), maxLength: 30 })
    fc.assert(
      fc.property(
        fc.array(fc.array(bytes, { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
        fc.infiniteStream(fc.nat(20)),
        (given, sizes) => {
          const all = Buffer.concat(given.map((fragments) => record(...fragments)))
          const { seen, reader } = collector()
          for (let at = 0; at < all.length; ) {
            const size = sizes.next().value + 1
            reader.push(all.subarray(at, at + size))
            at += size
          }
          expect(seen.map((s) => s.kept)).toEqual(given.map((fragments) => fragments.join('')))
        },
      ),
    )
  })

  test('bytes behind the end of a chunk are not looked at', () => {
    const { seen, reader } = collector()
    const chunk = Buffer.concat([record('abcd'), Buffer.alloc(20, 0xff)])
    reader.push(chunk, 8)
    reader.push(record('efgh'))
    expect(seen.map((s) => s.kept)).toEqual(['abcd', 'efgh'])
  })

  test.each(cutsOf(record('headpayload', 'more payload')))(
    'cut at byte %i, only the first bytes are kept and all are counted',
    (_at, head, tail) => {
      const { seen, asked, reader } = collector(6)
      reader.push(head)
      reader.push(tail)
      expect(seen).toEqual([{ kept: 'headpa', length: 23 }])
      expect(asked).toEqual([Buffer.from('head').readUInt32BE(0)])
    },
  )

  test('a record that is not wanted keeps its first word alone', () => {
    const { seen, reader } = collector(0)
    for (const byte of record('headpayload')) reader.push(Buffer.of(byte))
    expect(seen).toEqual([{ kept: 'head', length: 11 }])
  })

  test('a record beyond the bound is refused at its mark, in one fragment or in many', () => {
    const tooLong = expect.objectContaining({ code: 'PROTOCOL' })
    expect(() => collector().reader.push(mark(1001, true))).toThrow(tooLong)
    expect(() => collector().reader.push(mark(0x7fff_ffff, false))).toThrow(tooLong)
    const { reader } = collector()
    reader.push(Buffer.concat([mark(600, false), Buffer.alloc(600)]))
    expect(() => reader.push(mark(401, true))).toThrow(tooLong)
  })

  test('a record has no more fragments than its bytes can need, empty ones included', () => {
    const tooMany = expect.objectContaining({ code: 'PROTOCOL', message: expect.stringContaining('fragments') })
    for (const fragment of [mark(0, false), Buffer.concat([mark(1, false), Buffer.alloc(1)])]) {
      const { reader, seen } = collector()
      reader.push(record('abcd'))
      for (let n = 0; n < 64; n++) reader.push(fragment)
      expect(() => reader.push(fragment)).toThrow(tooMany)
      expect(seen).toHaveLength(1)
    }
    const { reader, seen } = collector()
    for (let n = 0; n < 1_000; n++) reader.push(record(...Array<string>(60).fill(''), 'abcd'))
    expect(seen).toHaveLength(1_000)
  })

  test('a large record may have many fragments', () => {
    const lengths: number[] = []
    const sink: RecordSink = { keep: () => 0, record: (_bytes, _start, _kept, length) => void lengths.push(length) }
    const reader = new RecordReader(sink, 1 << 20)
    for (let n = 1; n <= 2_048; n++) reader.push(Buffer.concat([mark(512, n === 2_048), Buffer.alloc(512)]))
    expect(lengths).toEqual([1 << 20])
  })

  test('it says whether it is within a record, at every byte', () => {
    const { reader } = collector()
    expect(reader.isWithin).toBe(false)
    const bytes = record('ab', '', 'cd')
    for (const [at, byte] of bytes.entries()) {
      reader.push(Buffer.of(byte))
      expect([at, reader.isWithin]).toEqual([at, at < bytes.length - 1])
    }
  })

  test('no garbage hangs it or makes it give more than came', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (chunks) => {
        const { seen, reader } = collector(16)
        try {
          for (const chunk of chunks) reader.push(Buffer.from(chunk))
        } catch (error) {
          expect(error).toMatchObject({ code: 'PROTOCOL' })
        }
        expect(seen.reduce((sum, s) => sum + s.length, 0)).toBeLessThanOrEqual(
          chunks.reduce((sum, c) => sum + c.length, 0),
        )
      }),
    )
  })
})
