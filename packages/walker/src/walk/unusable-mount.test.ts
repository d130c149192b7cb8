import { describe, expect, test } from 'vitest'
import { rateLimit } from '../limits/rate-limit.ts'
import type { Mount } from '../mounts/mount.ts'
import { throttledMount } from '../mounts/wrappers/throttled-mount.ts'
import { type MemoryMountOptions, memoryMount, memoryTree } from '../testing/index.ts'
import type { WalkOptions } from './options.ts'
import { type Walk, walk } from './walk.ts'

const directories = Array.from({ length: 24 }, (_, at) => [`d${at}`, { 'a.exr': 1, link: 'a.exr' }])
const tree = memoryTree({ ...Object.fromEntries(directories), 'b.exr': 1 })
const fileCount = 25

/** Stands for an address that is not mounted here. */
const closed = (name: string): Mount => ({
  ...memoryMount({ name, tree, faults: () => 'NOT_FOUND' }),
  unusable: true,
})
const opened = (name: string, options: Partial<MemoryMountOptions> = {}): Mount =>
  memoryMount({ name, tree, ...options })

async function walked(mounts: readonly Mount[], options: WalkOptions = {}): Promise<Walk> {
  const under = walk(mounts, { entries: 'none', ...options })
  await under.done
  return under
}

describe('a mount that could not be opened', () => {
  test.each(['none', 'files', 'all'] as const)(
    'each: has a failure for every file, and for no directory (links: %s)',
    async (symlinks) => {
      const under = await walked([opened('a'), closed('b'), opened('c')], { symlinks })
      const files = symlinks === 'none' ? fileCount : fileCount + 24
      expect(under.counters).toMatchObject({ files: 0, directories: 25, failures: { NOT_FOUND: files } })
      expect(Object.values(under.counters.mounts).map((mount) => [mount.files, mount.failures])).toEqual([
        [files, 0],
        [0, files],
        [files, 0],
      ])
      expect(under.takeFailures().every(({ path, mount }) => mount === 'b' && /\.exr$|link$/.test(path))).toBe(true)
    },
  )

  test('spread: fails for its own share of the files alone', async () => {
    const under = await walked([opened('a'), closed('b'), opened('c')], { through: 'spread' })
    const { files, directories: listed, failures, mounts } = under.counters
    expect([listed, files + (failures.NOT_FOUND ?? 0)]).toEqual([25, fileCount])
    expect(failures.NOT_FOUND).toBeGreaterThan(0)
    expect(failures.NOT_FOUND).toBeLessThan(fileCount / 2)
    expect(mounts['b']).toMatchObject({ files: 0, failures: failures.NOT_FOUND })
  })

  test('where each has to list, fails for every directory', async () => {
    const options = { read: false, listThrough: 'each' } as const
    const under = await walked([closed('a'), opened('b')], options)
    expect(under.counters).toMatchObject({ directories: 25, failures: { NOT_FOUND: 25 } })
    expect(under.counters.mounts).toMatchObject({ a: { files: 0, failures: 25 }, b: { files: fileCount, failures: 0 } })
  })

  test('is as good under a ceiling', async () => {
    const mounts = [opened('a'), closed('b')].map((mount) => throttledMount(mount, rateLimit()))
    expect((await walked(mounts)).counters).toMatchObject({ directories: 25, failures: { NOT_FOUND: fileCount } })
  })

  test('does not say why those fail that could be opened', async () => {
    const broken = opened('a', { faults: (operation) => (operation === 'list' ? 'IO' : undefined) })
    expect((await walked([broken, closed('b')])).counters.failures).toEqual({ IO: 1 })
  })

  test('is asked where there is no other', async () => {
    const under = await walked([closed('a'), closed('b')])
    expect(under.counters).toMatchObject({ files: 0, failures: { NOT_FOUND: 1 } })
    expect(under.takeFailures()).toEqual([expect.objectContaining({ path: '/', code: 'NOT_FOUND' })])
  })
})
