import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbControl, arbItem, arbJob, arbResult, arbSpoilt, arbStatus, arbText } from '../test/arbitraries.ts'
import { isCoreError } from './errors.ts'
import { decodeJob, encodeJob } from './job/codec.ts'
import { decodeLegacyWork, encodeLegacyWork } from './job/original-work.ts'
import { decodeControl, encodeControl } from './messages/control.ts'
import { decodeItem, encodeItem } from './messages/item.ts'
import { decodeResult, encodeResult } from './messages/result.ts'
import { decodeStatus } from './messages/status.ts'
import { toWire } from './wire/text.ts'

interface Decoder {
  readonly codes: readonly string[]
  readonly valid: fc.Arbitrary<unknown>
  readonly decode: (text: string) => unknown
  /** Writes again what was read. */
  readonly encode: (value: never) => string
}

const legacy = arbJob.map((job) => JSON.parse(encodeJob(job)) as unknown)
const decoders: [string, Decoder][] = [
  [
    'job',
    { codes: ['JOB_INVALID', 'TOO_LARGE'], valid: legacy, decode: (text) => decodeJob(text).job, encode: encodeJob },
  ],
  [
    'item',
    { codes: ['ITEM_INVALID', 'VERSION_UNKNOWN', 'TOO_LARGE'], valid: arbItem, decode: decodeItem, encode: encodeItem },
  ],
  [
    'result',
    {
      codes: ['RESULT_INVALID', 'VERSION_UNKNOWN', 'TOO_LARGE'],
      valid: arbResult,
      decode: decodeResult,
      encode: encodeResult,
    },
  ],
  [
    'control',
    {
      codes: ['CONTROL_INVALID', 'VERSION_UNKNOWN', 'TOO_LARGE'],
      valid: arbControl,
      decode: decodeControl,
      encode: encodeControl,
    },
  ],
  [
    'legacy work',
    { codes: ['ITEM_INVALID', 'TOO_LARGE'], valid: legacy, decode: decodeLegacyWork, encode: encodeLegacyWork },
  ],
  // What a newer manager adds is kept and can't be written again, so only the reading is checked.
  [
    'status',
    {
      codes: ['STATUS_INVALID', 'VERSION_UNKNOWN', 'TOO_LARGE'],
      valid: arbStatus,
      decode: decodeStatus,
      encode: toWire,
    },
  ],
]

/** The value and its second reading, or the code of the error; any other error is thrown. */
function outcome({ decode, encode, codes }: Decoder, text: string): { read: unknown; again: unknown } | undefined {
  let read: unknown
  try {
    read = decode(text)
  } catch (error) {
    if (!isCoreError(error)) throw error
    expect(codes).toContain(error.code)
    expect(error.problems.length).toBeGreaterThan(0)
    // JSON.parse quotes what it stumbled over, so the text of an expectation is checked as well.
    expect(error.message).toMatch(/^[ -~]+$/)
    return undefined
  }
  return { read, again: decode(encode(read as never)) }
}

describe.each(decoders)('any text is a valid %s or a CoreError', (_, decoder) => {
  const check = (text: string): void => {
    const found = outcome(decoder, text)
    if (found !== undefined) expect(found.again).toEqual(found.read)
  }

  test('random text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          arbText,
          fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '0', '1', 'e', 'v', '\\') }),
        ),
        check,
      ),
    )
  })

  test('random JSON, plain and in base64', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.boolean(), (value, packed) => {
        const json = JSON.stringify(value)
        check(packed ? Buffer.from(json).toString('base64') : json)
      }),
    )
  })

  test('valid messages with a mistake in them', () => {
    fc.assert(
      fc.property(decoder.valid.chain(arbSpoilt), (value) => check(JSON.stringify(value))),
      { numRuns: 500 },
    )
  })

  test('valid messages cut short or with a character changed', () => {
    fc.assert(
      fc.property(decoder.valid, fc.nat(), fc.string({ maxLength: 1 }), fc.boolean(), (value, place, put, cut) => {
        const text = toWire(value)
        const at = place % text.length
        check(text.slice(0, at) + put + (cut ? '' : text.slice(at + 1)))
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['brackets', '['.repeat(65_536)],
    ['nested lists', '['.repeat(32_000) + ']'.repeat(32_000)],
    ['nested objects', `${'{"v":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    [
      'an object that holds nested lists under every key that is known',
      `{"v":1,"run":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
    ],
    ['many keys', JSON.stringify(Object.fromEntries(Array.from({ length: 6_000 }, (_x, at) => [`k${at}`, 0])))],
    ['the same key many times', `{${'"v":1,'.repeat(9_000)}"v":1}`],
    ['a list of numbers for every list', JSON.stringify({ v: 1, WarmTargetMountAddresses: Array(30_000).fill(7) })],
    ['many patterns', JSON.stringify({ InclusionList: Array(10_000).fill('[a') })],
    [
      'many paths inside each other',
      JSON.stringify({ WarmTargetPaths: Array.from({ length: 6_000 }, (_x, at) => `/${at}`) }),
    ],
    [
      'one long path',
      JSON.stringify({ WarmTargetPath: '/a'.repeat(30_000), WarmTargetMountAddresses: ['a.'.repeat(15_000)] }),
    ],
    ['a number too large', '{"v":1e999}'],
    ['prototypes', '{"v":1,"__proto__":{"v":1},"constructor":1,"kind":"constructor"}'],
    ['70 KiB', `{"v":1,"a":"${'x'.repeat(70_000)}"}`],
    ['70 KiB of base64', 'A'.repeat(70_000)],
    ['64 KiB that is nearly base64', `${'A'.repeat(65_000)}!`],
    ['spaces', ' '.repeat(65_536)],
  ])('%s end soon', (_name, text) => {
    check(text)
  })
})
