import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arbText } from '../test/arbitraries.ts'
import { encodePoisonNote, type PoisonNote } from './poison-note.ts'
import { MAX_WIRE_BYTES } from './text.ts'

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
  expect(text.length).toBeLessThanOrEqual(MAX_WIRE_BYTES)
  return JSON.parse(text) as PoisonNote & { v: number }
}

test('a note fits a message whatever it is about, and keeps the message from its beginning on', () => {
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
  expect(read(note).message.length).toBeGreaterThan((MAX_WIRE_BYTES - rest) / bytes - 3)
})

test('a short note is kept as it is', () => {
  const note = { reason: 'no such key', by: 'manager-1', atMs: 1_700_000_000_000, message: '{"v":1,"run":"é"}' }
  expect(read(note)).toEqual({ v: 1, ...note })
})
