import fc from 'fast-check'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/schema'
import { describe, expect, test } from 'vitest'
import { arbControl, arbItem, arbResult, arbSpoilt, arbStatus } from '../../test/arbitraries.ts'
import { Control } from '../messages/control.ts'
import { Item } from '../messages/item.ts'
import { ResultMessage } from '../messages/result.ts'
import { RunStatus } from '../messages/status.ts'
import { anItem, aResult, aStatus } from '../testing/index.ts'
import { explain } from './validate.ts'

const said = (schema: TSchema, value: unknown): string[] =>
  explain(schema, value).map(({ field, value: got, expected }) => `${field}: ${expected}, not ${got}`)

describe.each<[string, TSchema, fc.Arbitrary<unknown>]>([
  ['item', Item, arbItem],
  ['result', ResultMessage, arbResult],
  ['status', RunStatus, arbStatus],
  ['control', Control, arbControl],
])('%s', (_, schema, valid) => {
  const compiled = Compile(schema)

  test('a valid one has no problem', () => {
    fc.assert(
      fc.property(valid, (value) => {
        expect([compiled.Check(value), explain(schema, value)]).toEqual([true, []])
      }),
    )
  })

  test('one that the compiled schema refuses has problems, and no other has', () => {
    fc.assert(
      fc.property(valid.chain(arbSpoilt), (value) => {
        expect(explain(schema, value).length > 0).toBe(!compiled.Check(value))
      }),
      { numRuns: 1_000 },
    )
  })

  test('anything else of JSON has problems exactly when the schema refuses it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(explain(schema, value).length > 0).toBe(!compiled.Check(value))
      }),
    )
  })
})

test('every problem is said, with its place', () => {
  const parts = [
    { kind: 'range', path: '/a', offset: -1, surprise: 1 },
    { kind: 'what' },
    { kind: 'files', directory: 'a', names: [1, 'x', null] },
    7,
  ]
  expect(said(Item, { ...anItem(), run: 'x', strikes: '0', parts })).toEqual([
    'run: a text that matches ^[a-z0-9]{12}$, not "x"',
    'strikes: a whole number, 0 or more, not "0"',
    'parts.0.ordinal: a whole number, 0 or more, not nothing',
    'parts.0.offset: a whole number, 0 or more, not -1',
    'parts.0.surprise: no such key, not 1',
    'parts.1.kind: "tree" or "listing" or "files" or "range", not "what"',
    'parts.2.directory: a text of at most 8192 characters that matches ^/, not "a"',
    'parts.2.names.0: a text of at most 8192 characters, not 1',
    'parts.2.names.2: a text of at most 8192 characters, not null',
    'parts.3: an object, not 7',
  ])
})

test.each<[string, TSchema, unknown, string]>([
  ['no object', Item, [], 'message: an object, not an empty list'],
  ['an empty list', Item, { ...anItem(), parts: [] }, 'parts: a list of 1 entries or more, not an empty list'],
  ['one of a few', RunStatus, { ...aStatus(), state: 'idle' }, 'state: "running" or "paused" or "ended", not "idle"'],
  ['neither of two', RunStatus, { ...aStatus(), job: 3 }, 'job: an object or null, not 3'],
  ['a number', RunStatus, { ...aStatus(), updatedAtMs: -1 }, 'updatedAtMs: a number, 0 or more, not -1'],
  ['a range', RunStatus, { ...aStatus(), weight: 101 }, 'weight: a whole number from 1 to 100, not 101'],
  ['a constant', Control, { v: 2, command: 'pause', target: 'x' }, 'v: 1, not 2'],
  [
    'a key of a record',
    ResultMessage,
    aResult({ counts: { ...aResult().counts, failures: { io: 1 } } }),
    'counts.failures.io: no such key, not 1',
  ],
  [
    'too many keys',
    ResultMessage,
    aResult({
      counts: {
        ...aResult().counts,
        failures: Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`E${at}`, 1])),
      },
    }),
    'counts.failures: an object of at most 256 keys, not an object',
  ],
])('%s is said', (_, schema, value, sentence) => {
  expect(said(schema, value)).toEqual([sentence])
})
