import { type Counts, emptyCounts } from '@cachewarmer/core'
import { describe, expect, test } from 'vitest'
import {
  admittedOf,
  contradictionOf,
  isWoundDown,
  lossProblem,
  mostOf,
  nextAction,
  outcomeOf,
  Stillness,
  stateOf,
  unreportedOf,
} from './decisions.ts'

type CountedJob = Parameters<typeof outcomeOf>[0]

const job: CountedJob = { addresses: ['a', 'b'], through: 'each', mode: 'data' }
const at = (files: number, bytes = 0) => ({ files, bytes, failures: 0 })
const everywhere = { mounts: { a: at(1), b: at(1) } }

test.each<[string, Partial<Counts>, 'warmed' | 'completed with failures' | 'nothing matched']>([
  ['read a file', { files: 1 }, 'warmed'],
  ['read a file and left others out', { files: 1, entriesSkipped: 5, leftOut: { include: 5 } }, 'warmed'],
  ['failed at the only file', { failures: { IO: 1 } }, 'completed with failures'],
  ['found nothing at all', { directories: 1 }, 'nothing matched'],
  ['left out every file by its name', { entriesSkipped: 9, leftOut: { include: 9 } }, 'nothing matched'],
  ['left out files by name, and one that has not changed', { leftOut: { include: 9, modifiedSince: 1 } }, 'warmed'],
  ['found files that have not changed', { entriesSkipped: 3, leftOut: { modifiedSince: 3 } }, 'warmed'],
  ['found links alone', { specialSkipped: 3 }, 'nothing matched'],
])('a run that %s', (_, counts, outcome) => {
  expect(outcomeOf(job, { ...emptyCounts(), ...everywhere, ...counts })).toBe(outcome)
  const allowed = outcomeOf({ ...job, allowEmpty: true }, { ...emptyCounts(), ...everywhere, ...counts })
  expect(allowed).toBe(outcome === 'nothing matched' ? 'warmed' : outcome)
})

test.each<[string, Partial<CountedJob>, Partial<Counts>, string | undefined]>([
  ['each address counts the files', {}, { files: 2, bytes: 9, mounts: { a: at(2, 9), b: at(3, 9) } }, undefined],
  ['an address says nothing', {}, { files: 2, mounts: { a: at(2) } }, '2 files counted as read, and 0 through one'],
  ['an address counts less', {}, { files: 2, mounts: { a: at(2), b: at(1) } }, '2 files counted as read, and 1'],
  ['foreign addresses count', {}, { files: 1, mounts: { c: at(9), d: at(9) } }, '1 files counted as read, and 0'],
  ['bytes came through none', {}, { files: 1, bytes: 5, mounts: { a: at(1, 5), b: at(1) } }, '5 bytes counted as read'],
  ['addresses share the files', { through: 'spread' }, { files: 3, mounts: { a: at(1), b: at(2) } }, undefined],
  ['and count too few together', { through: 'spread' }, { files: 3, mounts: { a: at(1), b: at(1) } }, '3 files'],
  ['nothing was to be read', { mode: 'estimate' }, { files: 3 }, undefined],
])('where %s, counts fit together or contradict themselves', (_, change, counts, expected) => {
  const all = { ...emptyCounts(), ...counts }
  const said = contradictionOf({ ...job, ...change }, all)
  expect(said ?? '').toContain(expected ?? '')
  expect(said === undefined).toBe(expected === undefined)
  expect(outcomeOf({ ...job, ...change }, all)).toBe(expected === undefined ? 'warmed' : 'completed with failures')
})

test.each([
  ['right after it began', 0, 0, false],
  ['while workers may not have heard of it', 3_999, 0, false],
  ['once they have, and none holds an item', 4_000, 0, true],
  ['while one holds an item', 9_999, 1, false],
  ['when the time is over', 10_000, 1, true],
  ['when the clock went back', -1, 1, true],
])('a run that winds down, %s', (_, forMs, heldItems, over) => {
  expect(isWoundDown({ outcome: 'cancelled', sinceMs: 1_000_000 }, { nowMs: 1_000_000 + forMs, heldItems })).toBe(over)
})

const windDown = { outcome: 'cancelled' as const, sinceMs: 0 }

test.each([
  ['runs', { paused: false }, undefined, { state: 'running' }],
  ['is paused', { paused: true }, undefined, { state: 'paused' }],
  ['winds down', { paused: false }, windDown, { state: 'paused', ending: true }],
  ['winds down out of a pause', { paused: true }, windDown, { state: 'paused', ending: true }],
  ['is over', { paused: true, outcome: 'cancelled' as const }, windDown, { state: 'ended' }],
])('a run that %s is shown as such', (_, record, winding, expected) => {
  expect(stateOf(record, winding)).toEqual(expected)
})

test('what a run showed at most is remembered, each figure by itself', () => {
  expect(mostOf({ files: 3, bytes: 10 }, { files: 2, bytes: 11 })).toEqual({ files: 3, bytes: 11 })
})

test('what was shown and is in no result counts as unreported, of a run that ended early alone', () => {
  const shown = { files: 5, bytes: 50 }
  const counts = { files: 3, bytes: 30 }
  for (const outcome of ['cancelled', 'lost'] as const)
    expect(unreportedOf(outcome, shown, counts)).toEqual({ unreported: { files: 2, bytes: 20 } })
  for (const outcome of ['warmed', 'completed with failures', undefined] as const)
    expect(unreportedOf(outcome, shown, counts)).toEqual({})
  expect(unreportedOf('lost', counts, counts)).toEqual({})
})

describe('a run', () => {
  const signs = { lastMoveAtMs: 0, lastSignAtMs: 0 }
  const limits = { stalledAfterMs: 20_000, lostAfterMs: 10_000 }

  test('that neither moves nor says anything is searched for its items, and then given up', () => {
    const stillness = new Stillness(signs)
    const actions = [1, 2, 3, 4, 5].map(() => {
      stillness.look(signs, 5_000, false)
      return nextAction(stillness, limits)
    })
    expect(actions).toEqual(['wait', 'wait', 'search', 'search', 'give up'])
  })

  test('that says something is not searched, and that moves is not given up', () => {
    const talking = new Stillness(signs)
    const moving = new Stillness(signs)
    for (let at = 1; at <= 4; at += 1) {
      talking.look({ ...signs, lastSignAtMs: at }, 5_000, false)
      moving.look({ lastMoveAtMs: at, lastSignAtMs: at }, 5_000, false)
    }
    expect([talking.stillMs, talking.silentMs]).toEqual([20_000, 0])
    expect([moving.stillMs, moving.silentMs]).toEqual([0, 0])
    talking.look({ ...signs, lastSignAtMs: 5 }, 5_000, false)
    expect(nextAction(talking, limits)).toBe('give up')
  })

  test('that is as slow as it was asked to be does not stand still', () => {
    const stillness = new Stillness(signs)
    for (let at = 0; at < 10; at += 1) stillness.look({ ...signs, lastSignAtMs: at }, 5_000, true)
    expect(nextAction(stillness, limits)).toBe('wait')
  })

  test('that lost items starts over once; one whose list vanished does not', () => {
    expect(lossProblem({ generation: 0, outstanding: 3, chunksLeft: 0 })).toBeUndefined()
    expect(lossProblem({ generation: 1, outstanding: 3, chunksLeft: 0 })).toBe(
      '3 items vanished from the work queue, twice',
    )
    expect(lossProblem({ generation: 0, outstanding: 3, chunksLeft: 2 })).toContain('2 messages of its list vanished')
  })

  test('with a ceiling of workers admits the first ones, once as many hold items', () => {
    expect(admittedOf(['a', 'b', 'c'], undefined)).toEqual({})
    expect(admittedOf(['a'], 2)).toEqual({})
    expect(admittedOf(['a', 'b', 'c'], 2)).toEqual({ admitted: ['a', 'b'] })
    // More names than a status has room for: the size of the fleet alone keeps the ceiling.
    expect(admittedOf(Array.from({ length: 300 }, String), 257)).toEqual({})
  })
})
