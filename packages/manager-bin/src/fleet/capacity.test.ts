import { expect, test } from 'vitest'
import { type RunDemand, workersWanted } from './capacity.ts'

const limits = { maxWorkers: 10, idleMs: 20_000 }
const busy = (given: Partial<RunDemand> = {}): RunDemand => ({
  outstandingItems: 5,
  paused: false,
  maxWorkers: undefined,
  ...given,
})
const wanted = (runs: readonly RunDemand[], now = { wanted: 3, idleForMs: 0 }): number =>
  workersWanted(runs, now, limits)

test('work asks for all the workers there may be, however few its items are', () => {
  expect(wanted([busy({ outstandingItems: 1 })])).toBe(10)
})

test('ceilings of runs add up, and never beyond the limit', () => {
  expect(wanted([busy({ maxWorkers: 2 })])).toBe(2)
  expect(wanted([busy({ maxWorkers: 2 }), busy({ maxWorkers: 3 })])).toBe(5)
  expect(wanted([busy({ maxWorkers: 8 }), busy({ maxWorkers: 8 })])).toBe(10)
  expect(wanted([busy({ maxWorkers: 2 }), busy()])).toBe(10)
})

test('runs that are paused or have nothing outstanding ask for none', () => {
  expect(wanted([busy({ maxWorkers: 2 }), busy({ paused: true }), busy({ outstandingItems: 0 })])).toBe(2)
})

test.each([[], [busy({ paused: true })]])('without work the fleet stays as it is for a while, then goes', (...runs) => {
  expect(wanted(runs, { wanted: 3, idleForMs: 19_999 })).toBe(3)
  expect(wanted(runs, { wanted: 3, idleForMs: 20_000 })).toBe(0)
})
