import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arbControl } from '../../test/arbitraries.ts'
import { changeCeilings, decodeControl, encodeControl } from './control.ts'

const invalid = (code = 'CONTROL_INVALID') => expect.objectContaining({ name: 'CoreError', code })

test('every control message survives the round trip', () => {
  fc.assert(
    fc.property(arbControl, (control) => {
      expect(decodeControl(encodeControl(control))).toEqual(control)
    }),
  )
})

test.each([
  { v: 1, command: 'stop', target: 'x' },
  { v: 1, command: 'cancel' },
  { v: 1, command: 'cancel', target: '' },
  { v: 1, command: 'cancel', target: 'x', force: true },
  { v: 1, command: 'cancel', target: 'x', weight: 5 },
  { v: 1, command: 'pause', target: 'x', ceilings: { maxWorkers: 1 } },
  { v: 1, command: 'change', target: 'x' },
  { v: 1, command: 'change', target: 'x', ceilings: {} },
  { v: 1, command: 'change', target: 'x', ceilings: { maxWorkers: -1 } },
  { v: 1, command: 'change', target: 'x', ceilings: { workers: 1 } },
  { v: 1, command: 'change', target: 'x', weight: 0 },
])('%j is refused', (control) => {
  expect(() => decodeControl(JSON.stringify(control))).toThrow(invalid())
})

test('another version has a code of its own', () => {
  expect(() => decodeControl('{"v":2}')).toThrow(invalid('VERSION_UNKNOWN'))
})

test('a change sets what it names, lifts with 0, and leaves the rest', () => {
  const current = { maxBytesPerSecond: 100, maxWorkers: 4 }
  expect(changeCeilings(current, { maxRequestsPerSecond: 7, maxWorkers: 0 })).toEqual({
    maxBytesPerSecond: 100,
    maxRequestsPerSecond: 7,
  })
  expect(changeCeilings(current, {})).toEqual(current)
  expect(current).toEqual({ maxBytesPerSecond: 100, maxWorkers: 4 })
})
