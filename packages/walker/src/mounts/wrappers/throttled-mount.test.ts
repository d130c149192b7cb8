import pLimit from 'p-limit'
import { afterAll, describe, expect, test } from 'vitest'
import { WalkError } from '../../errors.ts'
import { rateLimit } from '../../limits/rate-limit.ts'
import { describeMount, type MadeMount } from '../../testing/describe-mount.ts'
import { fakeClock } from '../../testing/fake-clock.ts'
import { type MemoryDirectory, manyEntries, memoryMount, memoryTree } from '../../testing/index.ts'
import { recorded } from '../../testing/recorded-mount.ts'
import { walk } from '../../walk/walk.ts'
import { throttledMount } from './throttled-mount.ts'

const runner = { afterAll, describe, expect, test }
const ceilings = { bytesPerSecond: 1e12 }
const over = async (tree: MemoryDirectory): Promise<MadeMount> => ({
  mount: throttledMount(memoryMount({ name: 'm', tree, resumable: true }), rateLimit(ceilings)),
  dispose: async () => {},
})
describeMount(runner, 'throttled', over, { odd: true })

const { signal } = new AbortController()
const mib = 1024 * 1024
const tree = memoryTree({ big: 10 * mib + 5, many: manyEntries(100, () => ({ kind: 'file', size: 10 })) })

describe('a throttled mount', () => {
  test('takes a place in the limit that it shares only for reads that the ceilings let go', async () => {
    const clock = fakeClock()
    const inner = memoryMount({ name: 'm', tree, latencyMs: 5, clock })
    const limit = { run: pLimit(1) }
    const throttled = throttledMount(inner, rateLimit({ requestsPerSecond: 0.01, clock }), { limiter: limit })
    const asked = { offset: 0, length: 10, signal }
    for (let at = 0; at < 20; at++) void throttled.read({ path: '/big' }, asked)
    await clock.advance(100)
    const other = limit.run(() => inner.read({ path: '/big' }, asked))
    await clock.advance(10)
    expect(await Promise.race([other, Promise.resolve('waits')])).toMatchObject({ bytes: 10 })
  })

  test('counts every question and every page as a request', async () => {
    const clock = fakeClock()
    const bucket = rateLimit({ requestsPerSecond: 1, clock })
    const mount = throttledMount(memoryMount({ name: 'm', tree, pageSize: 50 }), bucket)
    const begun = walk([mount], { entries: 'none', parts: [{ kind: 'tree', path: '/many' }] })
    let seconds = 0
    const done = begun.done.then(() => 'done')
    while ((await Promise.race([done, clock.advance(1_000)])) === undefined) seconds++
    // A stat, two pages, a hundred reads; the first needs no waiting.
    expect(seconds).toBeGreaterThanOrEqual(101)
    expect(seconds).toBeLessThanOrEqual(103)
    expect(begun.counters).toMatchObject({ files: 100, bytes: 1_000 })
  })

  test('reads in pieces under a ceiling of bytes, which add up to the same', async () => {
    const inner = recorded(memoryMount({ name: 'm', tree }))
    const clock = fakeClock()
    const bucket = rateLimit({ bytesPerSecond: mib, clock })
    const mount = throttledMount(inner, bucket)
    const whole = mount.read({ path: '/big' }, { offset: 0, length: Infinity, signal })
    await clock.advance(8_999)
    expect(inner.calls.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((at) => at * mib))
    await clock.advance(1_101)
    expect(await whole).toEqual({ bytes: 10 * mib + 5, end: true, size: 10 * mib + 5 })
    const part = mount.read({ path: '/big' }, { offset: 5, length: 2 * mib, signal })
    await clock.advance(9_000)
    expect(await part).toEqual({ bytes: 2 * mib, end: false, size: 10 * mib + 5 })
  })

  test('lets others wait for what a read took beyond one request', async () => {
    const inner = memoryMount({ name: 'm', tree })
    const counting = {
      ...inner,
      read: async (...asked: Parameters<typeof inner.read>) => ({ ...(await inner.read(...asked)), requests: 2 }),
    }
    const clock = fakeClock()
    const mount = throttledMount(counting, rateLimit({ requestsPerSecond: 10, clock }))
    let reads = 0
    for (let at = 0; at < 100; at++)
      void mount.read({ path: '/big' }, { offset: 0, length: 10, signal }).then(() => reads++)
    await clock.advance(10_000)
    expect(reads).toBeGreaterThanOrEqual(49)
    expect(reads).toBeLessThanOrEqual(51)
  })

  test('makes a long read in pieces under a ceiling of requests, of a MiB for each that may run ahead', async () => {
    const inner = recorded(memoryMount({ name: 'm', tree }))
    const clock = fakeClock()
    const mount = throttledMount(inner, rateLimit({ requestsPerSecond: 20, clock }))
    const whole = mount.read({ path: '/big' }, { offset: 0, length: Infinity, signal })
    await clock.advance(400)
    expect(inner.calls.map(({ offset }) => offset)).toEqual([0, 2, 4, 6, 8].map((at) => at * mib))
    await clock.advance(200)
    expect(await whole).toMatchObject({ bytes: 10 * mib + 5, end: true })
  })

  test('reads in one go where bytes have no ceiling, and requests a high one', async () => {
    const inner = recorded(memoryMount({ name: 'm', tree }))
    const mount = throttledMount(inner, rateLimit({ requestsPerSecond: 1000 }))
    await mount.read({ path: '/big' }, { offset: 0, length: Infinity, signal })
    expect(inner.calls).toHaveLength(1)
  })

  test('hands back to a walk that stops what waits for its turn, and reads no more of it', async () => {
    const clock = fakeClock()
    const halt = new AbortController()
    const mount = throttledMount(memoryMount({ name: 'm', tree }), rateLimit({ requestsPerSecond: 1, clock }), {
      halted: halt.signal,
    })
    const parts = [
      { kind: 'tree', path: '/many' },
      { kind: 'range', path: '/big', offset: 0, ordinal: 0 },
    ] as const
    const begun = walk([mount], { entries: 'none', parts })
    await clock.advance(20_000)
    const { files } = begun.counters
    begun.stop()
    halt.abort(new WalkError('MOUNT_DOWN', 'the walk stops'))
    await begun.done
    expect(begun.counters).toMatchObject({ files, failures: {} })
    const rest = walk([memoryMount({ name: 'm', tree })], { entries: 'none', parts: begun.rest() })
    await rest.done
    expect(files).toBeGreaterThan(0)
    expect(files + rest.counters.files).toBe(101)
  })

  test('shares its ceiling with others', async () => {
    const clock = fakeClock()
    const bucket = rateLimit({ requestsPerSecond: 10, clock })
    const mounts = ['a', 'b', 'c'].map((name) => recorded(memoryMount({ name, tree })))
    const throttled = mounts.map((mount) => throttledMount(mount, bucket))
    for (const mount of throttled) for (let at = 0; at < 50; at++) void mount.stat('/', { signal })
    await clock.advance(5_000)
    const calls = mounts.reduce((sum, mount) => sum + mount.calls.length, 0)
    expect([50, 51]).toContain(calls)
  })

  test('is otherwise the mount that it is made of', () => {
    const state = { inFlight: 1, limit: 2, waiting: 3 }
    const limiter = { run: <T>(task: () => Promise<T>): Promise<T> => task(), state }
    const inner = { ...memoryMount({ name: 'm', tree, handleSpace: 's', maxInFlight: 3 }), limiter }
    const same = { name: 'm', handleSpace: 's', maxInFlight: 3, limiter: { state } }
    expect(throttledMount(inner, rateLimit())).toMatchObject(same)
    Reflect.deleteProperty(inner, 'readLink')
    expect('readLink' in throttledMount(inner, rateLimit())).toBe(false)
  })
})
