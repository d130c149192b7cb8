import { afterAll, describe, expect, test } from 'vitest'
import type { WalkErrorCode } from '../../errors.ts'
import { rateLimit } from '../../limits/rate-limit.ts'
import { describeMount } from '../../testing/describe-mount.ts'
import { type FakeClock, fakeClock } from '../../testing/fake-clock.ts'
import { type MemoryMount, memoryMount, memoryTree } from '../../testing/index.ts'
import { throttledMount } from './throttled-mount.ts'
import { watchedMount } from './watched-mount.ts'

describeMount({ afterAll, describe, expect, test }, 'watched', async (tree) => ({
  mount: watchedMount(memoryMount({ name: 'm', tree, resumable: true })),
  dispose: async () => {},
}))

const { signal } = new AbortController()
const read = { offset: 0, length: 100, signal }

interface Bench {
  readonly clock: FakeClock
  readonly inner: MemoryMount
  readonly mount: ReturnType<typeof watchedMount>
  /** What every call to the mount inside fails with. */
  fault: WalkErrorCode | undefined
}

function bench(): Bench {
  const clock = fakeClock()
  const inner = memoryMount({ name: 'm', tree: memoryTree({ f: 10 }), faults: () => made.fault })
  const made: Bench = {
    clock,
    inner,
    mount: watchedMount(inner, { clock, probeMs: 1_000, maxProbeMs: 30_000 }),
    fault: undefined,
  }
  return made
}

/** Takes the mount out. */
async function down(): Promise<Bench> {
  const made = bench()
  made.fault = 'MOUNT_DOWN'
  await expect(made.mount.read({ path: '/f' }, read)).rejects.toMatchObject({ code: 'MOUNT_DOWN' })
  return made
}

describe('a watched mount', () => {
  test.for(['MOUNT_DOWN', 'TIMEOUT'] as const)('is out after %s, and says so without asking', async (code) => {
    const made = bench()
    expect(made.mount.health).toMatchObject({ alive: true, downSinceMs: undefined })
    await made.clock.advance(500)
    made.fault = code
    await expect(made.mount.read({ path: '/f' }, read)).rejects.toMatchObject({ code })
    expect(made.mount.health).toMatchObject({ alive: false, downSinceMs: 500 })
    const { reads, stats, lists } = made.inner.asked
    const refused = { code: 'MOUNT_DOWN', message: expect.stringContaining(`fails with ${code}`) }
    await expect(made.mount.read({ path: '/f' }, read)).rejects.toMatchObject(refused)
    await expect(made.mount.stat('/f', { signal })).rejects.toMatchObject(refused)
    const pages = made.mount.list({ path: '/' }, { attributes: false, signal })[Symbol.asyncIterator]()
    await expect(pages.next()).rejects.toMatchObject(refused)
    expect(made.inner.asked).toMatchObject({ reads, stats, lists })
    await made.mount.close()
  })

  test.for(['NOT_FOUND', 'IO', 'STALE', 'ACCESS_DENIED'] as const)('stays in after %s', async (code) => {
    const made = bench()
    made.fault = code
    await expect(made.mount.read({ path: '/f' }, read)).rejects.toMatchObject({ code })
    expect(made.mount.health.alive).toBe(true)
    expect(made.clock.timers).toBe(0)
  })

  test('is out when a later page of a listing gets no answer', async () => {
    const made = bench()
    const tree = memoryTree({ a: 1, b: 1, c: 1 })
    const inner = memoryMount({
      name: 'm',
      tree,
      pageSize: 1,
      faults: (_what, _path, page) => (page > 1 ? 'TIMEOUT' : undefined),
    })
    const mount = watchedMount(inner, { clock: made.clock })
    const pages = mount.list({ path: '/' }, { attributes: false, signal })[Symbol.asyncIterator]()
    await pages.next()
    await pages.next()
    await expect(pages.next()).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(mount.health.alive).toBe(false)
    await mount.close()
  })

  test('is asked again after growing pauses, and is back when it answers', async () => {
    const made = await down()
    const asked: number[] = []
    for (let second = 1; second <= 70; second++) {
      const { stats } = made.inner.asked
      await made.clock.advance(1_000)
      if (made.inner.asked.stats > stats) asked.push(second)
    }
    expect(asked).toEqual([1, 3, 7, 15, 31, 61])
    made.fault = undefined
    const back = made.mount.health.whenBack(signal)
    await made.clock.advance(30_000)
    await back
    expect(made.mount.health).toMatchObject({ alive: true, downSinceMs: undefined })
    expect(await made.mount.read({ path: '/f' }, read)).toMatchObject({ bytes: 10 })
    expect(made.clock.timers).toBe(0)
  })

  test('is back when the filer answers with an error of its own', async () => {
    const made = await down()
    made.fault = 'ACCESS_DENIED'
    await made.clock.advance(1_000)
    expect(made.mount.health.alive).toBe(true)
  })

  test('begins with short pauses again the next time', async () => {
    const made = await down()
    await made.clock.advance(10_000)
    made.fault = undefined
    await made.clock.advance(30_000)
    expect(made.mount.health.alive).toBe(true)
    made.fault = 'TIMEOUT'
    await expect(made.mount.stat('/f', { signal })).rejects.toMatchObject({ code: 'TIMEOUT' })
    made.fault = undefined
    await made.clock.advance(1_000)
    expect(made.mount.health.alive).toBe(true)
  })

  test('is not taken out by a call that began before it came back', async () => {
    const made = bench()
    let late: ((error: Error) => void) | undefined
    const waits = new Promise<never>((_resolve, reject) => {
      late = reject
    })
    const mount = watchedMount({ ...made.inner, read: () => waits }, { clock: made.clock })
    const old = mount.read({ path: '/f' }, read)
    made.fault = 'TIMEOUT'
    await expect(mount.stat('/', { signal })).rejects.toMatchObject({ code: 'TIMEOUT' })
    made.fault = undefined
    await made.clock.advance(1_000)
    expect(mount.health.alive).toBe(true)
    late?.(Object.assign(new Error('late'), { name: 'WalkError', code: 'TIMEOUT' }))
    await expect(old).rejects.toThrow('late')
    expect(mount.health.alive).toBe(true)
  })

  test('is not taken out by one answer that is lost while others come', async () => {
    const timedOut = Object.assign(new Error('late'), { name: 'WalkError', code: 'TIMEOUT' })
    for (const [lastAnswerMs, alive] of [
      [59_000, true],
      [41_000, true],
      [39_000, false],
    ] as const) {
      const made = bench()
      let late: ((error: Error) => void) | undefined
      const waits = new Promise<never>((_resolve, reject) => {
        late = reject
      })
      const mount = watchedMount({ ...made.inner, read: () => waits }, { clock: made.clock })
      const lost = mount.read({ path: '/f' }, read)
      await made.clock.advance(lastAnswerMs)
      await mount.stat('/', { signal })
      await made.clock.advance(60_000 - lastAnswerMs)
      late?.(timedOut)
      await expect(lost).rejects.toThrow('late')
      expect({ lastAnswerMs, alive: mount.health.alive }).toEqual({ lastAnswerMs, alive })
      await mount.close()
    }
  })

  test('is not taken out by what its caller broke off', async () => {
    const made = bench()
    const abort = new AbortController()
    const inner = { ...made.inner, read: async (): Promise<never> => Promise.reject(abort.signal.reason) }
    const mount = watchedMount(inner, { clock: made.clock })
    abort.abort(Object.assign(new Error('enough'), { name: 'WalkError', code: 'TIMEOUT' }))
    await expect(mount.read({ path: '/f' }, { ...read, signal: abort.signal })).rejects.toThrow('enough')
    expect(mount.health.alive).toBe(true)
  })

  test('lets a caller go that breaks off waiting for it, with the reason', async () => {
    const made = await down()
    const abort = new AbortController()
    const waits = made.mount.health.whenBack(abort.signal)
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(waits).rejects.toBe(reason)
    await expect(made.mount.health.whenBack(abort.signal)).rejects.toBe(reason)
    await expect(made.mount.stat('/', { signal: abort.signal })).rejects.toBe(reason)
    await made.mount.close()
  })

  test('leaves nothing behind when it is closed', async () => {
    const made = await down()
    const waits = made.mount.health.whenBack(signal)
    await made.mount.close()
    await expect(waits).rejects.toMatchObject({ code: 'MOUNT_DOWN' })
    expect(made.clock.timers).toBe(0)
  })

  test('is closed where `await using` ends, and so is the mount inside', async () => {
    const made = await down()
    {
      await using mount = made.mount
      expect(mount.health.alive).toBe(false)
    }
    expect(made.clock.timers).toBe(0)
    let closed = 0
    const inner = { ...memoryMount({ name: 'm', tree: memoryTree({}) }), close: async () => void closed++ }
    {
      await using _mount = watchedMount(throttledMount(inner, rateLimit()))
    }
    expect(closed).toBe(1)
  })
})
