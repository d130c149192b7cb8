import pLimit from 'p-limit'
import { describe, expect, test } from 'vitest'
import { adaptiveLimit } from '../limits/adaptive-limit.ts'
import { rateLimit } from '../limits/rate-limit.ts'
import type { Mount, ReadOutcome } from '../mounts/mount.ts'
import { throttledMount } from '../mounts/wrappers/throttled-mount.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { type MemoryFile, type MemoryMount, manyEntries, memoryMount, memoryTree } from '../testing/index.ts'
import { recorded, until } from '../testing/recorded-mount.ts'
import type { WalkFailure } from './counters.ts'
import { walk } from './walk.ts'

const mib = 1024 * 1024
const stalling = (size: number, gives: number): MemoryFile => ({ kind: 'file', size, gives })
const tree = memoryTree({
  bad: stalling(1_000, 300),
  good: manyEntries(50, () => ({ kind: 'file', size: 10 })),
})
const mountOf = (name: string, of = tree): MemoryMount => memoryMount({ name, tree: of })
const codes = (failures: readonly WalkFailure[]): unknown[] =>
  failures.map(({ path, mount, code }) => ({ path, mount, code }))

/** The mount, whose reads of the path bring nothing from `gives` on, the first `times`. */
function hesitating(inner: Mount, path: string, options: { readonly gives: number; readonly times: number }): Mount {
  let left = options.times
  const read: Mount['read'] = async (target, asked) => {
    const outcome = await inner.read(target, asked)
    if (target.path !== path || left-- <= 0) return outcome
    return { ...outcome, bytes: Math.max(0, Math.min(outcome.bytes, options.gives - asked.offset)), end: false }
  }
  return { ...inner, read }
}

describe('a file that the mount stops sending before its end', () => {
  test('is a failure of that file and mount after 4 s, which says how much came, and the others are read', async () => {
    const clock = fakeClock()
    const warm = walk([mountOf('a')], { entries: 'none', clock })
    await clock.advance(4_000)
    expect(warm.counters).toMatchObject({ files: 50, failures: {} })
    await clock.advance(1_000)
    await warm.done
    expect(warm.counters).toMatchObject({
      files: 50,
      bytes: 500,
      failures: { INCOMPLETE: 1 },
      mounts: { a: { failures: 1 } },
    })
    expect(warm.takeFailures()).toEqual([
      {
        path: '/bad',
        mount: 'a',
        code: 'INCOMPLETE',
        message: '/bad: 300 bytes received, 1000 expected; a sent no more for 4.5 s',
      },
    ])
    expect(clock.timers).toBe(0)
  })

  test('is read on from where it stopped, and asked for a few times only', async () => {
    const clock = fakeClock()
    const mount = recorded(mountOf('a'))
    const warm = walk([mount], { entries: 'none', clock })
    await clock.advance(5_000)
    await warm.done
    const reads = mount.calls.filter(({ operation, path }) => operation === 'read' && path === '/bad')
    expect(reads.map(({ offset }) => offset)).toEqual([0, 300, 300, 300, 300, 300])
  })

  test('counts once where the rest comes in time', async () => {
    const clock = fakeClock()
    const mount = hesitating(mountOf('a', memoryTree({ f: 1_000 })), '/f', { gives: 400, times: 4 })
    const warm = walk([mount], { entries: 'none', clock })
    await clock.advance(10_000)
    await warm.done
    expect(warm.counters).toMatchObject({
      files: 1,
      bytes: 1_000,
      failures: {},
      mounts: { a: { files: 1, bytes: 1_000 } },
    })
    expect(clock.timers).toBe(0)
  })

  test('has its 4 s anew after each byte that comes', async () => {
    const clock = fakeClock()
    const inner = mountOf('a', memoryTree({ f: 1_000 }))
    let times = 0
    const read: Mount['read'] = async (target, asked): Promise<ReadOutcome> => {
      const outcome = await inner.read(target, asked)
      // Ten bytes, four times nothing, ten bytes, ...
      return { ...outcome, bytes: times++ % 5 === 0 ? 10 : 0, end: asked.offset + 10 >= 50 && times % 5 === 1 }
    }
    const warm = walk([{ ...inner, read }], { entries: 'none', clock })
    await clock.advance(60_000)
    await warm.done
    expect(warm.counters).toMatchObject({ files: 1, bytes: 50, failures: {} })
  })

  test('holds up no other file, with any bounds', async () => {
    for (const limiter of [undefined, { run: pLimit(1) }, adaptiveLimit({ min: 1, easy: 1, max: 1 })]) {
      const clock = fakeClock()
      const bad = memoryTree({
        bad: manyEntries(10, () => stalling(1_000, 0)),
        good: manyEntries(50, () => stalling(10, 10)),
      })
      const mount = { ...mountOf('a', bad), ...(limiter && { limiter }) }
      const warm = walk([mount], {
        entries: 'none',
        concurrency: 1,
        clock,
        parts: [
          { kind: 'tree', path: '/bad' },
          { kind: 'tree', path: '/good' },
        ],
      })
      await until(() => warm.counters.files === 50, 'the good files')
      expect(warm.counters).toMatchObject({ failures: {}, inFlight: 0 })
      expect(mount.asked.reads).toBe(60)
      await clock.advance(5_000)
      await warm.done
      expect(warm.counters).toMatchObject({ files: 50, failures: { INCOMPLETE: 10 } })
    }
  })

  test('is a failure of the one address that sends no more', async () => {
    const clock = fakeClock()
    const sound = mountOf(
      'sound',
      memoryTree({ bad: 1_000, good: manyEntries(50, () => ({ kind: 'file', size: 10 })) }),
    )
    for (const mounts of [
      [sound, mountOf('b')],
      [mountOf('b'), sound],
    ]) {
      const warm = walk(mounts, { entries: 'none', clock })
      await clock.advance(5_000)
      await warm.done
      expect(codes(warm.takeFailures())).toEqual([{ path: '/bad', mount: 'b', code: 'INCOMPLETE' }])
      expect(warm.counters).toMatchObject({
        files: 50,
        mounts: { sound: { files: 51, bytes: 1_500, failures: 0 }, b: { files: 50, bytes: 500, failures: 1 } },
      })
    }
  })

  test('is begun anew by the mount that stands in for one which went away meanwhile', async () => {
    const clock = fakeClock()
    const inner = mountOf('a', memoryTree({ f: stalling(1_000, 300) }))
    const health = { alive: true, downSinceMs: undefined, whenBack: () => new Promise<never>(() => undefined) }
    const read: Mount['read'] = async (target, asked) => {
      health.alive = false
      return await inner.read(target, asked)
    }
    const sound = recorded(mountOf('b', memoryTree({ f: 1_000 })))
    const away: Mount = { ...inner, health, read }
    for (const mounts of [
      [away, sound],
      [sound, away],
    ]) {
      health.alive = true
      const warm = walk(mounts, { entries: 'none', through: 'spread', clock })
      await clock.advance(1_000)
      await warm.done
      expect(warm.counters).toMatchObject({ files: 1, bytes: 1_000, failures: {} })
    }
    const reads = sound.calls.filter(({ operation }) => operation === 'read')
    expect(reads.map(({ offset }) => offset)).toEqual([0, 0])
  })

  test('goes back to others when the walk stops, at once and without a failure', async () => {
    const clock = fakeClock()
    const warm = walk([mountOf('a')], { entries: 'none', clock })
    await clock.advance(1_000)
    warm.stop()
    await warm.done
    expect(warm.rest()).toEqual([{ kind: 'files', directory: '/', names: ['bad'] }])
    expect(warm.counters).toMatchObject({ files: 50, failures: {} })
    expect(clock.timers).toBe(0)
  })

  test('ends with the walk when that is aborted', async () => {
    const clock = fakeClock()
    const abort = new AbortController()
    const warm = walk([mountOf('a')], { entries: 'none', clock, signal: abort.signal })
    await clock.advance(1_000)
    abort.abort(new Error('enough'))
    await expect(warm.done).rejects.toThrow('enough')
    expect(clock.timers).toBe(0)
  })

  test('is one entry of those that are iterated', async () => {
    const clock = fakeClock()
    const said: string[] = []
    const iterating = (async () => {
      for await (const entry of walk([mountOf('a')], { clock, concurrency: 2 }))
        said.push(`${entry.kind} ${entry.path}`)
    })()
    await clock.advance(10_000)
    await iterating
    expect(said.filter((one) => one.endsWith('bad'))).toEqual(['failed /bad'])
    expect(said).toHaveLength(53)
  })

  test('holds as few as may be pending, where no file comes', async () => {
    const clock = fakeClock()
    const mount = mountOf(
      'a',
      manyEntries(1_000, () => stalling(10, 0)),
    )
    const warm = walk([mount], { entries: 'none', clock, maxPending: 20, concurrency: 4 })
    await clock.advance(400)
    expect(mount.asked.reads).toBeLessThanOrEqual(2 * 24)
    await clock.advance(1_000_000)
    await warm.done
    expect(warm.counters).toMatchObject({ files: 0, failures: { INCOMPLETE: 1_000 } })
  })

  test('is found out under a ceiling too, in whichever piece it ends', async () => {
    for (const gives of [0, 3 * mib, 3 * mib + 7]) {
      const clock = fakeClock()
      const inner = mountOf('a', memoryTree({ big: stalling(10 * mib, gives) }))
      const warm = walk([throttledMount(inner, rateLimit({ bytesPerSecond: 100 * mib, clock }))], {
        entries: 'none',
        headBytes: Infinity,
        clock,
      })
      await clock.advance(6_000)
      await warm.done
      expect(warm.takeFailures()).toMatchObject([
        {
          code: 'INCOMPLETE',
          message: `/big: ${gives} bytes received, ${10 * mib} expected; a sent no more for 4.5 s`,
        },
      ])
    }
  })
})

describe('a large file that a mount stops sending', () => {
  const options = {
    entries: 'none',
    headBytes: Infinity,
    chunkBytes: mib,
    rangeBytes: 4 * mib,
    concurrency: 4,
  } as const

  test('is one failure of it, and no further chunk is tried', async () => {
    const clock = fakeClock()
    const mount = mountOf('a', memoryTree({ big: stalling(100 * mib, 10 * mib + 5) }))
    const warm = walk([mount], { ...options, clock })
    await clock.advance(6_000)
    await warm.done
    expect(warm.takeFailures()).toMatchObject([{ path: '/big', code: 'INCOMPLETE' }])
    expect(warm.counters).toMatchObject({ files: 0, bytes: 0, failures: { INCOMPLETE: 1 } })
  })

  test('is left at once where no mount can read it, however many chunks there would be', async () => {
    const file: MemoryFile = { kind: 'file', size: Number.MAX_SAFE_INTEGER }
    const faults = (operation: string): 'IO' | undefined => (operation === 'read' ? 'IO' : undefined)
    const of = memoryTree({ vast: file })
    const mounts = ['a', 'b'].map((name) => memoryMount({ name, tree: of, faults }))
    const warm = walk(mounts, { ...options, chunkBytes: 64 * mib, rangeBytes: 1024 * mib })
    await warm.done
    expect(warm.counters.failures).toEqual({ IO: 2 })
    expect(mounts.map(({ asked }) => asked.reads)).toEqual([expect.any(Number), expect.any(Number)])
    for (const { asked } of mounts) expect(asked.reads).toBeLessThanOrEqual(8)
  })

  test('of 2^53 - 1 bytes is cut into few ranges when the walk stops, and its neighbours are read', async () => {
    const of = memoryTree({
      vast: { kind: 'file', size: Number.MAX_SAFE_INTEGER },
      good: manyEntries(100, () => ({ kind: 'file', size: 10 })),
    })
    const clock = fakeClock()
    const mount = memoryMount({ name: 'a', tree: of, latencyMs: 1, clock })
    const warm = walk([mount], { entries: 'none', headBytes: Infinity, clock })
    await clock.advance(100)
    expect(warm.counters).toMatchObject({ files: 100, failures: {} })
    expect(warm.pending).toBeLessThanOrEqual(64)
    warm.stop()
    await clock.advance(2)
    await warm.done
    const rest = warm.rest()
    expect(rest.length).toBeLessThan(200)
    expect(rest.every((part) => part.kind === 'range' && part.path === '/vast')).toBe(true)
  })
})

test('a vast file holds up none of its neighbours', async () => {
  const vast: MemoryFile = { kind: 'file', size: Number.MAX_SAFE_INTEGER }
  const of = memoryTree({
    a: vast,
    good: manyEntries(500, () => ({ kind: 'file', size: 10 })),
    z: vast,
  })
  const clock = fakeClock()
  const mount = memoryMount({ name: 'a', tree: of, latencyMs: 1, clock })
  const parts = ['/good', '/a', '/z'].map((path) => ({ kind: 'tree' as const, path }))
  const warm = walk([mount], { entries: 'none', headBytes: Infinity, concurrency: 8, clock, parts })
  await clock.advance(200)
  expect(warm.counters).toMatchObject({ files: 500, inFlight: 8 })
  warm.stop()
  await clock.advance(2)
  await warm.done
})

describe('a size that can not be meant', () => {
  const of = memoryTree({
    absurd: { kind: 'file', size: 2 ** 63 },
    'just beyond': { kind: 'file', size: 2 ** 53 },
    good: manyEntries(100, () => ({ kind: 'file', size: 10 })),
  })
  const failures = [
    { path: '/absurd', mount: 'a', code: 'TOO_LARGE' },
    { path: '/just beyond', mount: 'a', code: 'TOO_LARGE' },
  ]

  test.for([
    { headBytes: Infinity },
    { headBytes: 65_536 },
    { headBytes: 4_096 },
    { read: false },
    { headBytes: Infinity, through: 'spread' as const },
  ])('is a failure of that file alone: %j', async (options) => {
    const warm = walk([mountOf('a', of)], { entries: 'none', ...options })
    await warm.done
    expect(codes(warm.takeFailures())).toEqual(expect.arrayContaining(failures))
    expect(warm.counters).toMatchObject({ files: 100, bytes: 1_000, failures: { TOO_LARGE: 2 } })
  })

  test.for(['tree', 'files', 'listed'] as const)('is one where it is named: %s', async (kind) => {
    const names = ['absurd', 'just beyond']
    const parts =
      kind === 'tree'
        ? names.map((name) => ({ kind: 'tree' as const, path: `/${name}` }))
        : [{ kind: 'files' as const, directory: '/', names, ...(kind === 'listed' && { listed: true as const }) }]
    for (const read of [false, true]) {
      const warm = walk([mountOf('a', of)], { entries: 'none', read, parts })
      await warm.done
      expect(codes(warm.takeFailures())).toHaveLength(2)
      expect(warm.counters.failures).toEqual({ TOO_LARGE: 2 })
    }
  })

  test('of many files adds up to no more than can be told', async () => {
    const vast = manyEntries(10, () => ({ kind: 'file', size: Number.MAX_SAFE_INTEGER }))
    const found = walk([mountOf('a', vast)], { entries: 'none', read: false, headBytes: Infinity })
    await found.done
    expect(found.counters).toMatchObject({
      files: 10,
      bytes: Number.MAX_SAFE_INTEGER,
      sizes: { 53: { files: 10, bytes: Number.MAX_SAFE_INTEGER } },
    })
  })

  test('is one beyond what the mount can hold', async () => {
    const inner = mountOf('a', memoryTree({ large: 2_000_000, small: 10 }))
    const warm = walk([{ ...inner, maxFileBytes: 1_000_000 }], { entries: 'none', read: false })
    await warm.done
    expect(codes(warm.takeFailures())).toEqual([{ path: '/large', mount: 'a', code: 'TOO_LARGE' }])
    expect(warm.counters).toMatchObject({ files: 1, bytes: 10 })
  })
})
