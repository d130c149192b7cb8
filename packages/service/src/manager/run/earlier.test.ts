import { fieldsThatDecide, type Job } from '@cachewarmer/core'
import { aJob, readCounts } from '@cachewarmer/core/testing'
import { expect, test } from 'vitest'
import { openLedger } from '../ledger/sqlite-ledger.ts'
import { World } from '../testing/world.ts'
import { beganBy, earlierTotals, resolveSinceLast, specificationOf } from './earlier.ts'

const last = (given = {}) => aJob({ modifiedSince: 'last', ...given })

const nowMs = Date.UTC(2026, 0, 2)
const hourMs = 3_600_000

test('without an earlier warm-up all files are taken, and that is said', () => {
  const { job, warnings } = resolveSinceLast(last(), openLedger(':memory:'), nowMs)
  expect(job.modifiedSince).toBeUndefined()
  expect(warnings).toHaveLength(1)
})

test('afterwards those that changed since it began, and a margin for clocks that differ', () => {
  const ledger = openLedger(':memory:')
  const startedAtMs = Date.UTC(2026, 0, 1, 12)
  ledger.noteWarmed(specificationOf(last()), startedAtMs)
  ledger.noteWarmed(specificationOf(last()), startedAtMs - 3_600_000)
  expect(resolveSinceLast(last(), ledger, nowMs)).toEqual({
    job: aJob({ modifiedSince: '2026-01-01T11:50:00.000Z' }),
    warnings: [],
  })
})

test('a time that is given stays', () => {
  const job = aJob({ modifiedSince: '2026-01-31T08:00:00Z' })
  expect(resolveSinceLast(job, openLedger(':memory:'), nowMs)).toEqual({ job, warnings: [] })
})

/** Each field with a value that `aJob` does not have: a new field needs a line here. */
const others: { readonly [field in keyof Job]-?: NonNullable<Job[field]> } = {
  addresses: ['10.9.9.9'],
  keepNames: true,
  exportPath: '/other',
  paths: ['/other'],
  list: { id: 'a'.repeat(12), chunks: 1, paths: 1 },
  include: ['*.exr'],
  exclude: ['*.tmp'],
  excludeDirectories: ['old'],
  ignoreRules: ['*.bak'],
  includeExpressions: ['a'],
  excludeExpressions: ['b'],
  directoryRules: [{ path: '/a', include: ['c'], exclude: [] }],
  minFileSizeBytes: 1,
  maxFileSizeBytes: 2,
  modifiedSince: '2026-01-31T08:00:00Z',
  headBytes: 3,
  through: 'spread',
  mode: 'metadata',
  symlinks: 'all',
  readSnapshots: true,
  allowEmpty: true,
  jobId: 'night',
  weight: 11,
  maxBytesPerSecond: 4,
  maxRequestsPerSecond: 5,
  maxWorkers: 6,
}

test.each(Object.entries(others))('%s makes another job only if it decides which bytes get where', (field, value) => {
  const isSame = specificationOf(aJob({ [field]: value })) === specificationOf(aJob())
  expect(isSame).toBe(field === 'modifiedSince' || fieldsThatDecide('nothing read').includes(field as keyof Job))
})

test.each(Object.entries(others))(
  '%s makes the totals of an earlier run unknown only if it decides which files are read',
  async (field, value) => {
    const world = new World()
    const id = await world.submit()
    await world.managed(async () => {
      await world.work(id, { counts: readCounts(3, 30) })
      await world.reached(id)
    })
    const known = earlierTotals(world.ledger, aJob({ [field]: value })) !== undefined
    expect(known).toBe(!fieldsThatDecide('files').includes(field as keyof Job))
  },
)

test('the same job is one that brings the same bytes to the same places, under any label', () => {
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

test('a last warm-up in the future says that the clock was set back: all files are taken, and that is said', () => {
  const ledger = openLedger(':memory:')
  ledger.noteWarmed(specificationOf(last()), nowMs + 2 * hourMs)
  const { job, warnings } = resolveSinceLast(last(), ledger, nowMs)
  expect(job.modifiedSince).toBeUndefined()
  expect(warnings).toEqual([expect.stringContaining('clock was set back')])
})

test.each([
  ['as the wall clock showed it', { wallMs: nowMs + hourMs }, nowMs],
  ['earlier, where the wall clock was two hours ahead then', { wallMs: nowMs - hourMs }, nowMs - 2 * hourMs],
  ['as it was shown then, where the wall clock was set ahead since', { wallMs: nowMs + 3 * hourMs }, nowMs],
])('a run of an hour began %s', (_, { wallMs }, began) => {
  const record = { startedAtMs: 5_000, startedWallMs: nowMs }
  expect(beganBy(record, { steadyMs: 5_000 + hourMs, wallMs })).toBe(began)
})

test('a run that would have begun in the future is not noted', () => {
  expect(beganBy({ startedAtMs: nowMs + hourMs }, { steadyMs: nowMs, wallMs: nowMs })).toBeUndefined()
})

/** Runs a job to its end, an hour long, and says when its last warm-up began, from its start on. */
async function warmedAfter(given: Parameters<World['submit']>[0], failures = {}): Promise<number | undefined> {
  const world = new World()
  const id = await world.submit(given)
  let began = 0
  await world.managed(async () => {
    const { lease, item } = await world.takeItem(id)
    began = world.ledger.run(item.run)?.startedAtMs ?? 0
    await world.clock.advance(10 * 60_000)
    await lease.giveBack()
    await world.work(id, { counts: { ...readCounts(1), failures } })
    expect((await world.reached(id)).state).toBe('ended')
  })
  const lastMs = world.ledger.lastWarmedMs(specificationOf(aJob(given)))
  return lastMs === undefined ? undefined : lastMs - began
}

test('the last warm-up is noted from its start, so that what changed while it ran is read the next time', async () => {
  expect(await warmedAfter({ mode: 'data' })).toBe(0)
})

test.each([
  ['an estimate', { mode: 'estimate' as const }, {}],
  ['a run that reads metadata alone', { mode: 'metadata' as const }, {}],
  ['a run with failures', { mode: 'data' as const }, { IO: 1 }],
])('%s is no warm-up', async (_, given, failures) => {
  expect(await warmedAfter(given, failures)).toBeUndefined()
})
