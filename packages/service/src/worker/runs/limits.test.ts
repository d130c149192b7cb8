import { emptyCounts, type RunStatus } from '@cachewarmer/core'
import { aStatus } from '@cachewarmer/core/testing'
import { fakeClock } from '@cachewarmer/queue/testing'
import { memoryMount, memoryTree } from '@cachewarmer/walker/testing'
import { expect, test } from 'vitest'
import { ReadLimits, RunCeilings } from './limits.ts'

const mebibyte = 1024 * 1024
const signal = new AbortController().signal

const statusWith = (readers: number, ceilings: RunStatus['ceilings'], run?: string, workers = readers): RunStatus => ({
  ...aStatus(run === undefined ? {} : { run }),
  ceilings,
  progress: {
    counts: emptyCounts(),
    items: { announced: 1, done: 0 },
    workers,
    readers,
    ratesPerSecond: { files: 0, bytes: 0 },
    elapsedMs: 0,
  },
})

/** Reads without end under the ceilings; `bytes` is what has arrived. */
function reading(ceilings: RunCeilings, status: RunStatus): { bytes: number } {
  const [mount] = ceilings.hold(
    status,
    [memoryMount({ name: 'm', tree: memoryTree({ big: 10_000 * mebibyte }) })],
    signal,
    new ReadLimits(64),
  )
  const so = { bytes: 0 }
  const arrived = (bytes: number): void => {
    so.bytes += bytes
  }
  void mount?.read({ path: '/big' }, { offset: 0, length: Number.POSITIVE_INFINITY, arrivals: { arrived }, signal })
  return so
}

test('a worker uses its share of a ceiling: the whole divided by the workers that the status counts', async () => {
  const clock = fakeClock()
  const ceilings = new RunCeilings(clock)
  const whole = { maxBytesPerSecond: 8 * mebibyte }
  const so = reading(ceilings, statusWith(4, whole))
  await clock.advance(10_000)
  expect(so.bytes / mebibyte).toBeGreaterThanOrEqual(19)
  expect(so.bytes / mebibyte).toBeLessThanOrEqual(22)
  const before = so.bytes
  expect(ceilings.update(statusWith(1, whole), true)).toBe(true)
  await clock.advance(10_000)
  expect((so.bytes - before) / mebibyte).toBeGreaterThanOrEqual(78)
  expect((so.bytes - before) / mebibyte).toBeLessThanOrEqual(83)
})

test('a share goes to those that read: at first all that there may be are counted, then those that the status names', async () => {
  const clock = fakeClock()
  const ceilings = new RunCeilings(clock)
  const status = statusWith(1, { maxBytesPerSecond: 8 * mebibyte }, undefined, 4)
  const so = reading(ceilings, status)
  await clock.advance(5_000)
  expect(so.bytes / mebibyte).toBeGreaterThanOrEqual(9)
  expect(so.bytes / mebibyte).toBeLessThanOrEqual(12)
  const before = so.bytes
  ceilings.update(status, true)
  await clock.advance(10_000)
  expect((so.bytes - before) / mebibyte).toBeGreaterThanOrEqual(78)
})

test('items of one run share its ceiling here, those of two runs have each their own', async () => {
  const clock = fakeClock()
  const ceilings = new RunCeilings(clock)
  const whole = { maxBytesPerSecond: 4 * mebibyte }
  const [one, twin] = [1, 2].map(() => reading(ceilings, statusWith(1, whole)))
  const other = reading(ceilings, statusWith(1, whole, 'run000000002'))
  await clock.advance(10_000)
  const both = ((one?.bytes ?? 0) + (twin?.bytes ?? 0)) / mebibyte
  expect([both, other.bytes / mebibyte].every((mebibytes) => mebibytes >= 39 && mebibytes <= 43)).toBe(true)
  expect([ceilings.holdUp('run000000001'), ceilings.holdUp('run000000002')]).toEqual([true, true])
  expect(ceilings.holdUp('run000000003')).toBe(false)
})
