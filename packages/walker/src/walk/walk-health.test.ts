import { describe, expect, test } from 'vitest'
import type { WalkErrorCode } from '../errors.ts'
import type { Mount } from '../mounts/mount.ts'
import { watchedMount } from '../mounts/wrappers/watched-mount.ts'
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts'
import { manyEntries, memoryMount, memoryTree, recorded, until } from '../testing/index.ts'
import type { WalkOptions } from './options.ts'
import type { WalkPart } from './parts.ts'
import { type Walk, walk } from './walk.ts'

const names = ['a', 'b', 'c'] as const
type Name = (typeof names)[number]

/** A tree behind three addresses that can be switched off one by one. */
interface Bench {
  readonly clock: FakeClock
  readonly mounts: readonly Mount[]
  readonly off: Set<Name>
  /** Called before every operation of every mount. */
  hook: (name: Name) => void
  begin(options?: WalkOptions): Walk
}

const tree = memoryTree({
  one: manyEntries(200, () => ({ kind: 'file', size: 10 })),
  two: manyEntries(200, () => ({ kind: 'file', size: 10 })),
  large: 350,
})

const fileCount = 401
const fileBytes = 400 * 10 + 350

function bench(fault: WalkErrorCode = 'MOUNT_DOWN'): Bench {
  const clock = fakeClock()
  const off = new Set<Name>()
  const made: Bench = {
    clock,
    off,
    hook: () => {},
    mounts: names.map((name) => {
      const faults = (): WalkErrorCode | undefined => {
        made.hook(name)
        return off.has(name) ? fault : undefined
      }
      const inner = memoryMount({ name, tree, faults, pageSize: 50, latencyMs: 1, clock })
      return watchedMount(inner, { clock, probeMs: 1_000 })
    }),
    begin: (options = {}) =>
      walk(made.mounts, { entries: 'none', concurrency: 12, chunkBytes: 100, headBytes: Infinity, clock, ...options }),
  }
  return made
}

/** Lets time pass until the walk is over, but for no longer than this. */
async function finish({ done }: Walk, clock: FakeClock, seconds = 200): Promise<void> {
  const over = done.then(() => true)
  for (let second = 0; second < seconds; second++) {
    if (await Promise.race([over, clock.advance(1_000)])) return
  }
  throw new Error('the walk did not end')
}

/** Switches addresses off at the first operation after this many. */
function afterOperations(made: Bench, operations: number, act: () => void): void {
  let seen = 0
  made.hook = () => {
    if (++seen === operations) act()
  }
}

const sum = (under: Walk, what: 'files' | 'bytes' | 'failures'): number =>
  Object.values(under.counters.mounts).reduce((total, mount) => total + mount[what], 0)

describe('two of three addresses die and come back', () => {
  test.for(['each', 'spread'] as const)('%s: nothing fails, and everything is read once', async (through) => {
    for (const fault of ['MOUNT_DOWN', 'TIMEOUT'] as const) {
      const made = bench(fault)
      const under = made.begin({ through })
      afterOperations(made, 300, () => {
        made.off.add('a').add('b')
        made.clock.setTimer(10_000, () => made.off.clear())
      })
      await finish(under, made.clock)
      expect(under.counters).toMatchObject({ files: fileCount, bytes: fileBytes, directories: 3 })
      expect(under.counters.failures).toEqual({})
      expect(sum(under, 'files')).toBe(through === 'each' ? 3 * fileCount : fileCount)
      expect(sum(under, 'bytes')).toBe(through === 'each' ? 3 * fileBytes : fileBytes)
      await made.clock.advance(60_000)
      expect(made.clock.timers).toBe(0)
    }
  })
})

describe('one of three addresses that stays away', () => {
  test('under spread leaves its share to the others', async () => {
    const made = bench()
    made.off.add('b')
    const under = made.begin({ through: 'spread' })
    await finish(under, made.clock)
    expect(under.counters).toMatchObject({ files: fileCount, bytes: fileBytes })
    expect(under.counters.failures).toEqual({})
    expect(under.counters.mounts).toMatchObject({
      a: { state: 'up' },
      b: { state: 'down', files: 0 },
      c: { state: 'up' },
    })
    await made.mounts[1]?.close()
  })

  test('under each fails what it did not read, of itself alone, after the time of grace', async () => {
    const made = bench()
    made.off.add('b')
    const under = made.begin({ graceMs: 5_000 })
    await made.clock.advance(4_000)
    expect(under.counters.failures).toEqual({})
    await finish(under, made.clock, 10)
    expect(under.counters).toMatchObject({ files: 0, failures: { MOUNT_DOWN: fileCount }, directories: 3 })
    expect(under.counters.mounts).toMatchObject({
      a: { files: fileCount, failures: 0 },
      b: { files: 0, failures: fileCount, state: 'down' },
      c: { files: fileCount, failures: 0 },
    })
    expect(under.takeFailures().every(({ mount, message }) => mount === 'b' && message.includes('b'))).toBe(true)
    await made.mounts[1]?.close()
  })

  test('does not hold up a walk that begins when the grace is over', async () => {
    const made = bench()
    made.off.add('b')
    await finish(made.begin({ graceMs: 5_000 }), made.clock)
    const began = made.clock.now()
    await finish(made.begin({ graceMs: 5_000 }), made.clock)
    expect(made.clock.now() - began).toBeLessThan(5_000)
    await made.mounts[1]?.close()
  })

  test('with no grace fails at once', async () => {
    const made = bench()
    made.off.add('b')
    const under = made.begin({ graceMs: 0 })
    await finish(under, made.clock, 3)
    expect(under.counters.mounts['b']).toMatchObject({ files: 0, failures: fileCount })
    await made.mounts[1]?.close()
  })

  test('is waited for by listings through each', async () => {
    const made = bench()
    made.off.add('b')
    made.clock.setTimer(8_000, () => made.off.clear())
    const under = made.begin({ listThrough: 'each', through: 'spread' })
    await finish(under, made.clock)
    expect(under.counters).toMatchObject({ files: fileCount, directories: 3 })
    expect(under.counters.failures).toEqual({})
  })
})

describe('when no address answers', () => {
  test.for(['each', 'spread'] as const)('%s: the walk says so, waits without end, and resumes', async (through) => {
    const made = bench()
    const under = made.begin({ through, graceMs: 1_000 })
    afterOperations(made, 300, () => {
      for (const name of names) made.off.add(name)
    })
    await made.clock.advance(3_600_000)
    expect(under.allDown).toBe(true)
    expect(under.counters.failures).toEqual({})
    expect(under.counters.files).toBeGreaterThan(0)
    expect(under.counters.files).toBeLessThan(fileCount)
    made.off.clear()
    await finish(under, made.clock)
    expect(under.allDown).toBe(false)
    // Not one fails for coming back a little later than another: their time begins anew.
    expect(under.counters).toMatchObject({ files: fileCount, bytes: fileBytes, directories: 3 })
    expect(under.counters.failures).toEqual({})
  })

  test('those that come back later have their time from when the first did', async () => {
    const made = bench()
    for (const name of names) made.off.add(name)
    const under = made.begin({ graceMs: 60_000 })
    await made.clock.advance(600_000)
    made.off.delete('c')
    await made.clock.advance(40_000)
    expect(under.counters.failures).toEqual({})
    made.off.clear()
    await finish(under, made.clock)
    expect(under.counters.files).toBe(fileCount)
    expect(under.counters.failures).toEqual({})
  })

  test.for([0, 1, 2, 10, 50, 300, 700])(
    'after %d operations, stop gives everything back and fails nothing',
    async (operations) => {
      for (const through of ['each', 'spread'] as const)
        for (const symlinks of ['none', 'all'] as const) {
          const made = bench()
          const dead = (): void => {
            for (const name of names) made.off.add(name)
          }
          if (operations === 0) dead()
          else afterOperations(made, operations, dead)
          const under = made.begin({ through, symlinks })
          await made.clock.advance(100_000)
          under.stop()
          await under.done
          expect(under.counters.inFlight).toBe(0)
          expect(under.counters.failures).toEqual({})
          made.off.clear()
          made.hook = () => {}
          await made.clock.advance(60_000)
          const rest: WalkPart[] = under.rest()
          const others = made.begin({ through, symlinks, parts: rest })
          if (rest.length > 0) await finish(others, made.clock)
          expect(under.counters.files + (rest.length > 0 ? others.counters.files : 0)).toBe(fileCount)
          expect(under.counters.bytes + (rest.length > 0 ? others.counters.bytes : 0)).toBe(fileBytes)
          expect(others.counters.failures).toEqual({})
          expect(made.clock.timers).toBe(0)
        }
    },
  )

  test('an abort ends the waiting at once, with its reason', async () => {
    const made = bench()
    for (const name of names) made.off.add(name)
    const abort = new AbortController()
    const under = made.begin({ signal: abort.signal })
    await made.clock.advance(5_000)
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(under.done).rejects.toBe(reason)
    for (const mount of made.mounts) await mount.close()
    expect(made.clock.timers).toBe(0)
  })
})

describe('a path that takes its mount along', () => {
  test('fails after a few times, and is not tried for ever', async () => {
    const clock = fakeClock()
    const poison = (operation: string, path: string): WalkErrorCode | undefined =>
      operation === 'read' && path === '/bad' ? 'TIMEOUT' : undefined
    const inner = memoryMount({ name: 'm', tree: memoryTree({ bad: 1, good: 1 }), faults: poison })
    const under = walk([watchedMount(inner, { clock })], { entries: 'none', clock })
    await finish(under, clock)
    expect(under.counters).toMatchObject({ files: 1, failures: { TIMEOUT: 1 } })
  })

  test('and a listing that does fails too', async () => {
    const clock = fakeClock()
    const poison = (operation: string, path: string): WalkErrorCode | undefined =>
      operation === 'list' && path === '/bad' ? 'TIMEOUT' : undefined
    const inner = memoryMount({ name: 'm', tree: memoryTree({ bad: { f: 1 }, good: 1 }), faults: poison })
    const under = walk([watchedMount(inner, { clock })], { entries: 'none', clock })
    await finish(under, clock)
    expect(under.counters).toMatchObject({ files: 1, failures: { TIMEOUT: 1 }, directories: 1 })
  })
})

test('the counters say how mounts do', async () => {
  const mount = recorded(memoryMount({ name: 'm', tree: memoryTree({ f: 1 }) }))
  mount.hold(({ operation }) => operation === 'read')
  const state = { limit: 7, inFlight: 1, waiting: 0, p50Ms: 1, p99Ms: 2, floorMs: 0.5 }
  const limiter = { run: <T>(task: () => Promise<T>): Promise<T> => task(), state }
  const longReads = { state: { limit: 2, inFlight: 1, waiting: 0 } }
  const under = walk([watchedMount(Object.assign(mount, { limiter, longReads }))], { entries: 'none' })
  await until(() => under.counters.mounts['m']?.limits.reads.inFlight === 1)
  mount.release()
  await under.done
  expect(under.counters.mounts['m']).toEqual({
    files: 1,
    bytes: 1,
    failures: 0,
    latencies: expect.any(Object),
    state: 'up',
    limits: {
      reads: { inFlight: 0, limit: 7, p50Ms: 1, p99Ms: 2, floorMs: 0.5 },
      longReads: { inFlight: 1, limit: 2 },
    },
  })
})
