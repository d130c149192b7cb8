import { describe, expect, test } from 'vitest'
import { fakeClock } from '../testing/fake-clock.ts'
import { rateLimit } from './rate-limit.ts'

/** Takes again and again, and says how many have got through. */
function taker(take: () => Promise<void>): { taken: number } {
  const count = { taken: 0 }
  const loop = async (): Promise<void> => {
    for (;;) {
      await take()
      count.taken++
    }
  }
  void loop()
  return count
}

describe('a rate limit', () => {
  test('lets everything through while it has no ceiling', async () => {
    const bucket = rateLimit({ clock: fakeClock() })
    for (let at = 0; at < 1_000; at++) {
      await bucket.take()
      bucket.spent(1e12)
    }
    expect(bucket.ceilings).toEqual({})
  })

  test.for([1, 7, 1000, 0.5])('lets %d requests a second through', async (requestsPerSecond) => {
    const clock = fakeClock()
    const bucket = rateLimit({ requestsPerSecond, clock })
    const count = taker(() => bucket.take())
    await clock.advance(20_000)
    const burst = Math.max(1, requestsPerSecond / 10)
    expect(count.taken).toBeGreaterThanOrEqual(20 * requestsPerSecond - 1)
    expect(count.taken).toBeLessThanOrEqual(20 * requestsPerSecond + burst)
  })

  test('makes later requests wait for bytes that earlier ones brought', async () => {
    const clock = fakeClock()
    const bucket = rateLimit({ bytesPerSecond: 1_000_000, clock })
    const count = taker(async () => {
      await bucket.take()
      bucket.spent(50_000)
    })
    await clock.advance(10_000)
    expect(count.taken).toBeGreaterThanOrEqual(199)
    expect(count.taken).toBeLessThanOrEqual(204)
  })

  test('holds to both ceilings', async () => {
    const clock = fakeClock()
    const bucket = rateLimit({ requestsPerSecond: 10, bytesPerSecond: 500, clock })
    const count = taker(async () => {
      await bucket.take()
      bucket.spent(100)
    })
    await clock.advance(10_000)
    expect(count.taken).toBeGreaterThanOrEqual(49)
    expect(count.taken).toBeLessThanOrEqual(52)
  })

  test('keeps nothing for later from a pause but a tenth of a second', async () => {
    const clock = fakeClock()
    const bucket = rateLimit({ requestsPerSecond: 100, clock })
    await clock.advance(3_600_000)
    const count = taker(() => bucket.take())
    await clock.advance(0)
    expect(count.taken).toBe(10)
  })

  test('takes new ceilings while others wait', async () => {
    const clock = fakeClock()
    const bucket = rateLimit({ requestsPerSecond: 0.001, clock })
    const count = taker(() => bucket.take())
    await clock.advance(1_000)
    expect(count.taken).toBe(1)
    bucket.set({ requestsPerSecond: 10 })
    await clock.advance(1_000)
    expect(count.taken).toBeGreaterThanOrEqual(10)
    expect(count.taken).toBeLessThanOrEqual(12)
    bucket.set({ bytesPerSecond: 1 })
    bucket.spent(1_000_000)
    await clock.advance(1_000)
    const before = count.taken
    bucket.set({ requestsPerSecond: 1_000 })
    await clock.advance(1_000)
    expect(count.taken - before).toBeGreaterThan(900)
    expect(bucket.ceilings).toEqual({ requestsPerSecond: 1_000 })
  })

  test('lets requests through in the order in which they came', async () => {
    const clock = fakeClock()
    const bucket = rateLimit({ requestsPerSecond: 1, clock })
    const order: number[] = []
    for (const at of [0, 1, 2, 3]) void bucket.run(async () => order.push(at))
    await clock.advance(1_500)
    expect(order).toEqual([0, 1])
    await clock.advance(2_000)
    expect(order).toEqual([0, 1, 2, 3])
    expect(clock.timers).toBe(0)
  })

  test('forgets who no longer waits, and leaves no timer', async () => {
    const clock = fakeClock()
    const bucket = rateLimit({ requestsPerSecond: 0.1, clock })
    await bucket.take()
    const abort = new AbortController()
    const gone = bucket.take(abort.signal)
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(gone).rejects.toBe(reason)
    await expect(bucket.take(abort.signal)).rejects.toBe(reason)
    expect(clock.timers).toBe(0)
    const next = bucket.take()
    await clock.advance(10_000)
    await next
  })

  test.for([
    { requestsPerSecond: 0 },
    { requestsPerSecond: Number.NaN },
    { bytesPerSecond: -1 },
    { bytesPerSecond: Infinity },
  ])('refuses %j', (ceilings) => {
    const expected = expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringContaining('PerSecond') })
    expect(() => rateLimit(ceilings)).toThrow(expected)
    expect(() => rateLimit().set(ceilings)).toThrow(expected)
  })
})
