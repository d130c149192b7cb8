import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arbFailure } from '../test/arbitraries.ts'
import { decodeFailureList, encodeFailureList, type FailureList, packFailures } from './failure-list.ts'
import { fitFailure } from './result.ts'
import { MAX_WIRE_BYTES } from './text.ts'

const list = (failures: FailureList['failures']): FailureList => ({
  v: 1,
  run: 'abcdefghijkl',
  part: 0,
  last: false,
  failures,
})

test('failures are packed into messages that fit, none lost, in their order', () => {
  fc.assert(
    fc.property(fc.array(arbFailure, { maxLength: 50 }), (failures) => {
      const read = [...packFailures(failures)].flatMap((group) => {
        const text = encodeFailureList(list([...group]))
        expect(text.length).toBeLessThanOrEqual(MAX_WIRE_BYTES)
        return decodeFailureList(text).failures
      })
      expect(read).toEqual(failures.map(fitFailure))
    }),
  )
})

test('many long ones take several messages', () => {
  const failures = Array.from({ length: 60 }, (_, at) => ({ path: `/${at}${'\udc80'.repeat(4_000)}`, code: 'IO' }))
  const groups = [...packFailures(failures)]
  expect(groups.length).toBeGreaterThan(10)
  expect(groups.flat()).toHaveLength(60)
})

test.each([
  { ...list([]), part: -1 },
  { ...list([]), mood: 'good' },
  { ...list([]), run: 'x' },
])('%j is refused', (value) => {
  expect(() => decodeFailureList(JSON.stringify(value))).toThrow(
    expect.objectContaining({ name: 'CoreError', code: 'RESULT_INVALID' }),
  )
})
