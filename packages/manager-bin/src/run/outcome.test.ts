import { type Counts, emptyCounts } from '@cachewarmer/core'
import { expect, test } from 'vitest'
import { outcomeOf } from './outcome.ts'

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
  expect(outcomeOf({}, { ...emptyCounts(), ...counts })).toBe(outcome)
  const allowed = outcomeOf({ allowEmpty: true }, { ...emptyCounts(), ...counts })
  expect(allowed).toBe(outcome === 'nothing matched' ? 'warmed' : outcome)
})
