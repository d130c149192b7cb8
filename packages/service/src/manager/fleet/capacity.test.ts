import { minSplitUnits } from '@cachewarmer/core'
import { describe, expect, test } from 'vitest'
import { type FleetNow, type RunDemand, Tail, workersAtWork, workersWanted } from './capacity.ts'

const limits = { maxWorkers: 10, idleMs: 20_000, tailMs: 30_000 }
const nobody = { items: 0, pending: 0, workers: [] }
const busy = (given: Partial<RunDemand> = {}): RunDemand => ({
  run: 'one',
  outstandingItems: 5,
  held: nobody,
  paused: false,
  maxWorkers: undefined,
  ...given,
})
const wanted = (runs: readonly RunDemand[], now: Partial<FleetNow> = {}): number =>
  workersWanted(runs, { wanted: 3, idleForMs: 0, tailForMs: 0, ...now }, limits)

test('work asks for all the workers there may be, however few its items are', () => {
  expect(wanted([busy({ outstandingItems: 1 })])).toBe(10)
})

test('ceilings of runs add up, and never beyond the limit', () => {
  const other = (given: Partial<RunDemand> = {}): RunDemand => busy({ run: 'other', ...given })
  expect(wanted([busy({ maxWorkers: 2 })])).toBe(2)
  expect(wanted([busy({ maxWorkers: 2 }), other({ maxWorkers: 3 })])).toBe(5)
  expect(wanted([busy({ maxWorkers: 8 }), other({ maxWorkers: 8 })])).toBe(10)
  expect(wanted([busy({ maxWorkers: 2 }), other()])).toBe(10)
})

test('a run that is resumed while its lost lease is put down asks once', () => {
  expect(wanted([busy({ maxWorkers: 2 }), busy({ maxWorkers: 2 })])).toBe(2)
})

test('runs that are paused or have nothing outstanding ask for none', () => {
  expect(wanted([busy({ maxWorkers: 2 }), busy({ paused: true }), busy({ outstandingItems: 0 })])).toBe(2)
})

test.each([[], [busy({ paused: true })]])('without work the fleet stays as it is for a while, then goes', (...runs) => {
  expect(wanted(runs, { idleForMs: 19_999 })).toBe(3)
  expect(wanted(runs, { idleForMs: 20_000 })).toBe(0)
})

describe('at the tail of the work', () => {
  const held = { items: 3, pending: minSplitUnits - 1, workers: ['a-1', 'b-1'] }

  test('those that hold the last items are enough, and the others go after a while', () => {
    const run = busy({ outstandingItems: 3, held })
    expect(wanted([run], { tailForMs: 29_999 })).toBe(10)
    expect(wanted([run], { tailForMs: 30_000 })).toBe(2)
    expect(workersAtWork([run, busy({ held: { ...held, workers: ['b-1', 'c-1'] } })])).toEqual(['a-1', 'b-1', 'c-1'])
  })

  test('there is one worker at least, and never more than the ceilings allow', () => {
    expect(wanted([busy({ outstandingItems: 1 })], { tailForMs: 30_000 })).toBe(1)
    expect(wanted([busy({ held, maxWorkers: 1 })], { tailForMs: 30_000 })).toBe(1)
  })

  const last = busy({ outstandingItems: 3, held })
  const waiting = busy({ outstandingItems: 4, held })

  test('it begins when every item is held and what is left in them is not worth a split', () => {
    const tail = new Tail()
    expect([tail.see([waiting], 0), tail.see([waiting], 60_000)]).toEqual([0, 0])
    const large = busy({ outstandingItems: 3, held: { ...held, pending: minSplitUnits } })
    expect([tail.see([large], 61_000), tail.see([large], 90_000)]).toEqual([0, 0])
    expect([tail.see([last], 100_000), tail.see([last], 130_000)]).toEqual([0, 30_000])
  })

  test('it continues when an item waits for a moment, and ends when one waits for longer', () => {
    const tail = new Tail()
    expect([tail.see([last], 0), tail.see([waiting], 10_000), tail.see([last], 12_000)]).toEqual([0, 10_000, 12_000])
    expect([tail.see([waiting], 13_000), tail.see([waiting], 18_000)]).toEqual([13_000, 0])
  })

  test('a new run ends it at once', () => {
    const tail = new Tail()
    tail.see([last], 0)
    expect(tail.see([last], 40_000)).toBe(40_000)
    expect(tail.see([last, busy({ run: 'two', outstandingItems: 1 })], 40_001)).toBe(0)
  })

  test('it takes all runs that are not paused, and none makes no tail', () => {
    const tail = new Tail()
    tail.see([last, busy({ run: 'two', paused: true })], 0)
    expect(tail.see([last, busy({ run: 'two', paused: true })], 30_000)).toBe(30_000)
    expect(new Tail().see([], 5)).toBe(0)
  })
})
