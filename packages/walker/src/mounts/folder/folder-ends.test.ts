import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FakeClock, fakeClock } from '../../testing/fake-clock.ts'
import { folderTree } from '../../testing/folder-tree.ts'
import { fuseFolder, fuseMissing } from '../../testing/fuse-folder.ts'
import { memoryTree } from '../../testing/memory-tree.ts'
import { type Walk, walk } from '../../walk/walk.ts'
import type { Mount } from '../mount.ts'
import { folderMount, openReadLane } from './folder-mount.ts'

const { signal } = new AbortController()
const whole = { offset: 0, length: Number.POSITIVE_INFINITY, signal }
const head = { offset: 0, length: 65_536, signal }

/** One mount that reads through the lane, and one that never does. */
async function both(folder: string, body: (mount: Mount) => Promise<void>): Promise<void> {
  const closed = openReadLane()
  await closed.close()
  for (const lane of [openReadLane(), closed]) {
    await body(folderMount({ folder, lane }))
    await lane.close()
  }
}

/** Reads take their own time; only pauses between them are the clock's. */
async function letTimePass({ done }: Walk, clock: FakeClock): Promise<void> {
  let settled = false
  const ended = done.finally(() => {
    settled = true
  })
  while (!settled) {
    await clock.advance(500)
    await setTimeout(1)
  }
  await ended
}

// sysfs says 4,096 bytes of files that have a few.
describe('a file of a file system that is not known to be local', () => {
  const folder = '/sys/kernel'

  test('does not end before its size', () =>
    both(folder, async (mount) => {
      for (const asked of [whole, head, { ...head, size: 4_096 }]) {
        const outcome = await mount.read({ path: '/uevent_seqnum' }, asked)
        expect(outcome).toMatchObject({ end: false, size: 4_096 })
        expect(outcome.bytes).toBeLessThan(100)
      }
    }))

  test('is read through the page cache where the file system refuses to read past it, which is said', () =>
    both(folder, async (mount) => {
      expect([...(mount.reach?.doubts ?? [])]).toEqual(['attributes'])
      expect((await mount.read({ path: '/uevent_seqnum' }, whole)).bytes).toBeGreaterThan(0)
      expect(mount.reach?.by).toBe('sysfs folder')
      expect([...(mount.reach?.doubts ?? [])]).toEqual(['attributes', 'buffered'])
    }))

  test('is INCOMPLETE after 4 s', () =>
    both(folder, async (mount) => {
      const clock = fakeClock()
      const warm = walk([mount], { entries: 'none', clock, parts: [{ kind: 'tree', path: '/uevent_seqnum' }] })
      await letTimePass(warm, clock)
      expect(warm.takeFailures()).toMatchObject([{ path: '/uevent_seqnum', code: 'INCOMPLETE' }])
    }))
})

const missing = fuseMissing()
const skipped = missing === undefined ? '' : ` (skipped: ${missing})`

describe.skipIf(missing !== undefined)(`a file of a file system in user space${skipped}`, () => {
  let served: Awaited<ReturnType<typeof fuseFolder>>
  beforeAll(async () => {
    served = await fuseFolder([
      { name: 'good', size: 1_000, gives: 1_000 },
      { name: 'large', size: 1_000_000, gives: 1_000_000 },
      { name: 'exact', size: 65_536, gives: 65_536 },
      { name: 'empty', size: 0, gives: 0 },
      { name: 'short', size: 1_000_000, gives: 300_000 },
      { name: 'nothing', size: 500, gives: 0 },
      { name: 'broken', size: 1_000_000, gives: 70_000, fails: true },
      { name: 'drops', size: 100_000, gives: 100_000, perRead: 7_000 },
    ])
  })
  afterAll(() => served.dispose())

  test.for([
    ['good', whole, { bytes: 1_000, end: true, size: 1_000 }],
    ['large', whole, { bytes: 1_000_000, end: true, size: 1_000_000 }],
    ['large', head, { bytes: 65_536, end: false, size: 1_000_000 }],
    ['exact', head, { bytes: 65_536, end: true, size: 65_536 }],
    ['empty', whole, { bytes: 0, end: true }],
    ['short', whole, { bytes: 300_000, end: false, size: 1_000_000 }],
    ['short', { ...whole, offset: 299_990 }, { bytes: 10, end: false, size: 1_000_000 }],
    ['short', { ...whole, offset: 300_000 }, { bytes: 0, end: false, size: 1_000_000 }],
    ['nothing', head, { bytes: 0, end: false, size: 500 }],
    ['drops', whole, { bytes: 100_000, end: true, size: 100_000 }],
    ['drops', head, { bytes: 65_536, end: false, size: 100_000 }],
  ] as const)('is read as far as it is given, and no less is its end: %s', ([name, asked, outcome]) =>
    both(served.folder, async (mount) => {
      expect(await mount.read({ path: `/${name}` }, asked)).toMatchObject(outcome)
    }),
  )

  test('that fails in the middle is a failure, and no end', () =>
    both(served.folder, async (mount) => {
      await expect(mount.read({ path: '/broken' }, whole)).rejects.toMatchObject({ code: 'IO' })
    }))

  test('is INCOMPLETE alone, and the others are read', async () => {
    const clock = fakeClock()
    const mount = folderMount({ folder: served.folder })
    const warm = walk([mount], { entries: 'none', headBytes: Number.POSITIVE_INFINITY, clock })
    await letTimePass(warm, clock)
    await mount.close()
    expect(warm.counters).toMatchObject({ files: 5, bytes: 1_166_536, failures: { INCOMPLETE: 2, IO: 1 } })
  })
})

describe('a file of a local file system', () => {
  test('is read again where less came of it than its listing said', async () => {
    const { folder, dispose } = await folderTree(memoryTree({ f: 1_000 }))
    const lane = openReadLane()
    // As after a bad sector, which ends one read and fails the next.
    lane.read = async () => ({ bytes: 400, size: undefined, tookMs: 1 })
    const mount = folderMount({ folder, lane })
    expect(await mount.read({ path: '/f' }, { ...head, size: 1_000 })).toMatchObject({ bytes: 1_000, end: true })
    expect(await mount.read({ path: '/f' }, head)).toMatchObject({ bytes: 400, end: true })
    await lane.close()
    await dispose()
  })

  test('that is shorter than its listing said is asked for its size', async () => {
    const { folder, dispose } = await folderTree(memoryTree({ f: 1_000 }))
    truncateSync(join(folder, 'f'), 400)
    await both(folder, async (mount) => {
      expect(await mount.read({ path: '/f' }, { ...head, size: 1_000 })).toMatchObject({
        bytes: 400,
        end: true,
        size: 400,
      })
    })
    await dispose()
  })
})
