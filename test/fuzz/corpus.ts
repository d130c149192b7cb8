import { appendFileSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'

/** One input on a line: bytes that are UTF-8 as text, others in base64. */
type Line = { readonly name: string } & ({ readonly text: string } | { readonly base64: string })

const fileOf = (target: string): string => fileURLToPath(new URL(`corpus/${target}.jsonl`, import.meta.url))

/** The inputs that are kept for a target: good ones to start from, and each that was ever found to break it. */
export function corpusOf(target: string): ReadonlyMap<string, Buffer> {
  const lines = readFileSync(fileOf(target), 'utf8').trimEnd().split('\n')
  return new Map(
    lines.map((line) => {
      const kept = JSON.parse(line) as Line
      return [kept.name, 'text' in kept ? Buffer.from(kept.text) : Buffer.from(kept.base64, 'base64')]
    }),
  )
}

/** Keeps an input that broke a target; CI replays it from then on. Returns the file that it is kept in. */
export function keep(target: string, name: string, bytes: Buffer): string {
  const text = bytes.toString()
  const line: Line = Buffer.from(text).equals(bytes) ? { name, text } : { name, base64: bytes.toString('base64') }
  const file = fileOf(target)
  appendFileSync(file, `${JSON.stringify(line)}\n`)
  return file
}

type Edit = (bytes: Buffer) => Buffer

const place = fc.nat(0xffff_ffff)
const strange = fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x22, 0x5c, 0x2e, 0x2f, 0x25)
const words = fc.constantFrom(0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff)
const texts = fc.constantFrom(
  '../',
  '%2e%2e%2f',
  '\u0000',
  '__proto__',
  '{}',
  '[',
  '"',
  '\n',
  '-',
  '=',
  '1e999',
  '\ud800',
)

/** Spots are folded into the input's length, so that an edit means something for any input. */
const spot = (bytes: Buffer, at: number): number => at % (bytes.length + 1)

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, strange).map(
    ([at, value]): Edit =>
      (bytes) => {
        const changed = Buffer.from(bytes)
        if (changed.length > 0) changed[at % changed.length] = value
        return changed
      },
  ),
  fc.tuple(place, words).map(
    ([at, word]): Edit =>
      (bytes) => {
        const changed = Buffer.from(bytes)
        if (changed.length >= 4) changed.writeUInt32BE(word, Math.floor((at % (changed.length - 3)) / 4) * 4)
        return changed
      },
  ),
  fc.tuple(place, texts).map(
    ([at, text]): Edit =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, spot(bytes, at)), Buffer.from(text), bytes.subarray(spot(bytes, at))]),
  ),
  place.map(
    (at): Edit =>
      (bytes) =>
        bytes.subarray(0, spot(bytes, at)),
  ),
  fc.tuple(place, fc.nat(16)).map(
    ([at, length]): Edit =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, spot(bytes, at)), bytes.subarray(spot(bytes, at) + length)]),
  ),
  fc.tuple(place, fc.nat(64)).map(
    ([at, length]): Edit =>
      (bytes) => {
        const from = spot(bytes, at)
        const piece = bytes.subarray(from, from + length)
        return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(from)])
      },
  ),
)

/** Inputs of the corpus with a few mistakes in them, two of them joined, or bytes from nowhere. */
export function mutations(corpus: Iterable<Buffer>): fc.Arbitrary<Buffer> {
  const known = [Buffer.alloc(0), ...corpus]
  const one = fc.constantFrom(...known)
  const edited = fc
    .tuple(one, fc.array(edit, { minLength: 1, maxLength: 8 }))
    .map(([bytes, edits]) => edits.reduce((changed, change) => change(changed), bytes))
  const joined = fc
    .tuple(one, one, place, place)
    .map(([a, b, at, to]) => Buffer.concat([a.subarray(0, spot(a, at)), b.subarray(spot(b, to))]))
  const anything = fc.uint8Array({ maxLength: 256 }).map((bytes) => Buffer.from(bytes))
  return fc.oneof(
    { weight: 8, arbitrary: edited },
    { weight: 3, arbitrary: joined },
    { weight: 1, arbitrary: anything },
  )
}
