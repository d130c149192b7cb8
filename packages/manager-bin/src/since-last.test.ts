import { aJob } from '@cachewarmer/core/testing'
import { expect, test } from 'vitest'
import { openLedger } from './ledger/sqlite-ledger.ts'
import { resolveSinceLast, specificationOf } from './since-last.ts'

const last = (given = {}) => aJob({ modifiedSince: 'last', ...given })

test('without an earlier warm-up all files are taken, and that is said', () => {
  const { job, warnings } = resolveSinceLast(last(), openLedger(':memory:'))
  expect(job.modifiedSince).toBeUndefined()
  expect(warnings).toHaveLength(1)
})

test('afterwards those that changed since it began, and a margin for clocks that differ', () => {
  const ledger = openLedger(':memory:')
  const startedAtMs = Date.UTC(2026, 0, 1, 12)
  ledger.noteWarmed(specificationOf(last()), startedAtMs)
  ledger.noteWarmed(specificationOf(last()), startedAtMs - 3_600_000)
  expect(resolveSinceLast(last(), ledger)).toEqual({
    job: aJob({ modifiedSince: '2026-01-01T11:50:00.000Z' }),
    warnings: [],
  })
})

test('a time that is given stays', () => {
  const job = aJob({ modifiedSince: '2026-01-31T08:00:00Z' })
  expect(resolveSinceLast(job, openLedger(':memory:'))).toEqual({ job, warnings: [] })
})

test('the same job is one that brings the same bytes to the same places, whatever it is called', () => {
  const same = [{ jobId: 'night' }, { weight: 3 }, { maxWorkers: 2 }, { modifiedSince: '2026-01-31T08:00:00Z' }]
  for (const given of same) expect(specificationOf(aJob(given))).toBe(specificationOf(aJob()))
  const others = [
    { paths: ['/scene2'] },
    { headBytes: 1 },
    { include: ['*.exr'] },
    { ignoreRules: ['*'] },
    { mode: 'metadata' as const },
  ]
  for (const given of others) expect(specificationOf(aJob(given))).not.toBe(specificationOf(aJob()))
  const reordered = { addresses: ['b', 'a'], paths: ['/y', '/x'] }
  expect(specificationOf(aJob(reordered))).toBe(specificationOf(aJob({ addresses: ['a', 'b'], paths: ['/x', '/y'] })))
})
