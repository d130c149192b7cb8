import { type Counts, emptyCounts } from '@cachewarmer/core'
import { expect, test } from 'vitest'
import { contradictionOf, isWoundDown, outcomeOf } from './decisions.ts'

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
