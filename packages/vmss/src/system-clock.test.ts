import { expect, test } from 'vitest'
import { systemClock } from './system-clock.ts'

test('sleeps, and wakes with the reason of an abort', async () => {
  await systemClock.sleep(1)
  const stop = new AbortController()
  const enough = new Error('enough')
  const sleep = systemClock.sleep(3_600_000, stop.signal)
  stop.abort(enough)
  await expect(sleep).rejects.toBe(enough)
  await expect(systemClock.sleep(1, stop.signal)).rejects.toBe(enough)
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(10_000)
})
