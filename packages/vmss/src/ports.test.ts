import { expect, test } from 'vitest'
import { within } from './ports.ts'
import { fakeClock } from './testing/fake-clock.ts'

const late = () => new Error('too late')
const hang = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('some other words'))))

test('work that is done in time gives its result and leaves no timer', async () => {
  const clock = fakeClock()
  expect(await within({ clock, ms: 10, late }, async () => 'done')).toBe('done')
  expect(clock.sleepers).toBe(0)
})

test('work that fails in time fails as it did', async () => {
  const clock = fakeClock()
  await expect(within({ clock, ms: 10, late }, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(clock.sleepers).toBe(0)
})

test('work that takes too long is aborted and says so', async () => {
  const clock = fakeClock()
  await expect(clock.run(within({ clock, ms: 10, late }, hang))).rejects.toThrow('too late')
})

test("the caller's abort ends the work with the caller's reason", async () => {
  const clock = fakeClock()
  const stop = new AbortController()
  const enough = new Error('enough')
  const work = within({ clock, ms: 10, signal: stop.signal, late }, hang)
  stop.abort(enough)
  await expect(work).rejects.toBe(enough)
  await expect(within({ clock, ms: 10, signal: stop.signal, late }, hang)).rejects.toBe(enough)
  expect(clock.sleepers).toBe(0)
})
