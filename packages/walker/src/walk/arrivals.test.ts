import { afterEach, describe, expect, test } from 'vitest'
import { rateLimit } from '../limits/rate-limit.ts'
import { folderMount, openReadLane } from '../mounts/folder/folder-mount.ts'
import type { Mount, ReadOptions } from '../mounts/mount.ts'
import { throttledMount } from '../mounts/wrappers/throttled-mount.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { folderTree } from '../testing/folder-tree.ts'
import { memoryMount, memoryTree, recorded, until } from '../testing/index.ts'
import { NfsMounts } from '../testing/nfs-mounts.ts'
import { type Walk, walk } from './walk.ts'

const { signal } = new AbortController()
const mib = 1024 * 1024

/** Reads all of a file, and notes the arrivals meanwhile. */
async function toldOf(mount: Mount, path: string): Promise<{ told: number[]; bytes: number }> {
  const told: number[] = []
  const arrivals = { arrived: (bytes: number) => void told.push(bytes) }
  const { bytes } = await mount.read({ path }, { offset: 0, length: Infinity, arrivals, signal })
  return { told, bytes }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

describe('bytes are reported as they arrive', () => {
  const servers = new NfsMounts()
  afterEach(() => servers.close())

  test('by NFS of each READ of a long read, and of a short one that one READ does not settle', async () => {
    const mount = await servers.mountOf(await servers.serve({ rtmax: 65_536 }))
    const { told, bytes } = await toldOf(mount, '/big')
    expect(bytes).toBe(20_000_000)
    expect(sum(told)).toBe(20_000_000)
    expect(Math.max(...told)).toBeLessThanOrEqual(65_536)
    const short = await toldOf(mount, '/a/y.jpg')
    expect([sum(short.told), short.bytes]).toEqual([200_000, 200_000])
    expect(short.told.length).toBeGreaterThan(2)
  })

  test('by a folder of each buffer but the last, and nothing of a file that one buffer holds', async () => {
    const { folder, dispose } = await folderTree(memoryTree({ big: 1_000_000, small: 1_000 }))
    const lane = openReadLane()
    await lane.close()
    try {
      const mount = folderMount({ folder, lane })
      expect(await toldOf(mount, '/big')).toEqual({ told: [262_144, 262_144, 262_144], bytes: 1_000_000 })
      expect(await toldOf(mount, '/small')).toEqual({ told: [], bytes: 1_000 })
    } finally {
      await dispose()
    }
  })

  test('under a ceiling of each piece, once, whether or not the mount inside tells as well', async () => {
    const inner = memoryMount({ name: 'm', tree: memoryTree({ big: 3 * mib + 5 }) })
    const telling: Mount = {
      ...inner,
      read: async (target, options) => {
        options.arrivals?.arrived(5)
        return await inner.read(target, options)
      },
    }
    const bucket = rateLimit({ bytesPerSecond: 1e12 })
    expect((await toldOf(throttledMount(inner, bucket), '/big')).told).toEqual([mib, mib, mib, 5])
    const { told, bytes } = await toldOf(throttledMount(telling, bucket), '/big')
    expect([told[0], sum(told)]).toEqual([5, bytes])
  })
})

/** A mount whose reads report their bytes in two halves, and wait after the first. */
function halting(name: string, files: Readonly<Record<string, number>>) {
  const inner = memoryMount({ name, tree: memoryTree(files) })
  const held: (() => void)[] = []
  const fails: Error[] = []
  const mount: Mount = {
    ...inner,
    async read(target, options: ReadOptions) {
      const outcome = await inner.read(target, options)
      options.arrivals?.arrived(outcome.bytes / 2)
      await new Promise<void>((resolve) => held.push(resolve))
      const error = fails.pop()
      if (error) throw error
      options.arrivals?.arrived(outcome.bytes / 2)
      return outcome
    },
  }
  const release = (): void => {
    for (const go of held.splice(0)) go()
  }
  return { mount, held, release, fails }
}

const whole = { headBytes: Number.POSITIVE_INFINITY, chunkBytes: 100, rangeBytes: 300, entries: 'none' } as const

const figures = ({ counters, largest }: Walk) => ({
  bytes: counters.bytes,
  arrived: counters.bytesArrived,
  inFlight: counters.bytesInFlight,
  largest: largest.map(({ path, bytes, size }) => [path, bytes, size]),
})

describe('a walk', () => {
  test('has bytes in flight of files that are not complete, and the largest of them', async () => {
    const { mount, held, release } = halting('m', { a: 40, b: 60, c: 350, d: 80, e: 10 })
    const under = walk([mount], whole)
    await until(() => held.length === 8)
    const largest = [
      ['/c', 175, 350],
      ['/d', 40, 80],
      ['/b', 30, 60],
    ]
    expect(figures(under)).toEqual({ bytes: 0, arrived: 270, inFlight: 270, largest })
    release()
    await under.done
    expect(figures(under)).toEqual({ bytes: 540, arrived: 540, inFlight: 0, largest: [] })
  })

  test('through each address counts a byte in flight once, and every arrival', async () => {
    const [one, two] = [halting('one', { f: 80 }), halting('two', { f: 80 })]
    const under = walk([one.mount, two.mount], whole)
    await until(() => one.held.length + two.held.length === 1)
    expect(figures(under)).toMatchObject({ arrived: 40, inFlight: 40 })
    one.release()
    two.release()
    await until(() => one.held.length + two.held.length === 1)
    expect(figures(under)).toMatchObject({ bytes: 0, arrived: 120, inFlight: 80 })
    one.release()
    two.release()
    await under.done
    expect(figures(under)).toEqual({ bytes: 80, arrived: 160, inFlight: 0, largest: [] })
  })

  test('takes what a failed read had brought out of the bytes in flight, not out of what arrived', async () => {
    const { mount, held, release, fails } = halting('m', { f: 80, g: 60 })
    const under = walk([mount], whole)
    await until(() => held.length === 2)
    fails.push(new Error('the file went bad'))
    release()
    await under.done
    expect(under.counters.files).toBe(1)
    expect(under.counters.bytesInFlight).toBe(0)
    expect(under.counters.bytesArrived).toBe(under.counters.bytes === 80 ? 110 : 100)
  })

  test('keeps what is done of a large file in flight until the file is complete', async () => {
    const mount = recorded(memoryMount({ name: 'm', tree: memoryTree({ f: 350 }) }))
    mount.hold(({ operation, offset }) => operation === 'read' && offset === 300)
    const under = walk([mount], whole)
    await until(() => under.counters.bytesInFlight === 300)
    expect(figures(under)).toEqual({ bytes: 0, arrived: 300, inFlight: 300, largest: [['/f', 300, 350]] })
    mount.release()
    await under.done
    expect(figures(under)).toEqual({ bytes: 350, arrived: 350, inFlight: 0, largest: [] })
  })

  test('knows how many bytes its listings found, also of large files whose listing told no size', async () => {
    const inner = memoryMount({ name: 'm', tree: memoryTree({ d: { f: 350, g: 40 } }) })
    const sized = walk([inner], whole)
    await sized.done
    expect(sized.counters.levels[1]).toEqual({ listed: 1, directories: 0, files: 2, bytes: 390 })
    const unsized: Mount = {
      ...inner,
      async *list(directory, options) {
        for await (const page of inner.list(directory, options))
          yield { ...page, entries: page.entries.map((entry) => ({ ...entry, size: undefined })) }
      },
    }
    const walked = walk([unsized], whole)
    await walked.done
    expect(walked.counters.levels[1]).toEqual({ listed: 1, directories: 0, files: 2, bytes: 350 })
  })

  test('names an address that reads wait for, and none where others read its share', async () => {
    const clock = fakeClock()
    const down: Mount = {
      ...memoryMount({ name: 'two', tree: memoryTree({ f: 80 }) }),
      health: { alive: false, downSinceMs: 0, whenBack: () => new Promise(() => undefined) },
    }
    const one = memoryMount({ name: 'one', tree: memoryTree({ f: 80 }) })
    const each = walk([one, down], { ...whole, clock })
    await until(() => each.awaited.length > 0)
    expect(each.awaited).toEqual(['two'])
    await clock.advance(30_001)
    await each.done
    expect([each.awaited, each.counters.failures]).toEqual([[], { MOUNT_DOWN: 1 }])
    const spread = walk([one, down], { ...whole, through: 'spread', clock })
    await spread.done
    expect(spread.awaited).toEqual([])
    const all = walk([down], { ...whole, clock })
    expect(all.awaited).toEqual(['two'])
    all.stop()
  })
})

test('a limit says whether requests wait for it', async () => {
  const clock = fakeClock()
  const bucket = rateLimit({ bytesPerSecond: 1_000, clock })
  await bucket.take()
  bucket.spent(1_000)
  expect(bucket.busy).toBe(false)
  const waits = bucket.take()
  expect(bucket.busy).toBe(true)
  await clock.advance(1_000)
  await waits
  expect(bucket.busy).toBe(false)
})
