import { directory, file, generated, type NfsServer, startNfsServer } from '@cachewarmer/nfs/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { until } from '../../testing/index.ts'
import { walk } from '../../walk/walk.ts'
import type { Mount } from '../mount.ts'
import { watchedMount } from '../wrappers/watched-mount.ts'
import { nfsMount } from './nfs-mount.ts'

const tree = directory({
  a: generated(400, 'f', () => file(10)),
  b: generated(400, 'g', () => file(10)),
  large: file(5_000_000),
})
const fileCount = 801
const fileBytes = 8_000 + 5_000_000

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** Three addresses of one export, each a server of its own so that each can go away. */
async function cluster(): Promise<{ servers: readonly NfsServer[]; mounts: readonly Mount[] }> {
  const servers: NfsServer[] = []
  const mounts: Mount[] = []
  for (const host of ['127.0.0.21', '127.0.0.22', '127.0.0.23']) {
    const server = await startNfsServer({ tree, host })
    open.push(() => server.stop())
    servers.push(server)
    const inner = await nfsMount({ export: { ...server.address, timeoutMs: 1_000, retries: 0 } })
    const mount = watchedMount(inner, { probeMs: 20, maxProbeMs: 50 })
    open.push(() => mount.close())
    mounts.push(mount)
  }
  return { servers, mounts }
}

const reads = (server: NfsServer | undefined): number => server?.calls['READ'] ?? 0

describe('three NFS addresses of one export', () => {
  test('each: handles go from one to the others, and a file costs one READ of each', async () => {
    const { servers, mounts } = await cluster()
    const under = walk(mounts, { entries: 'none', headBytes: 65_536 })
    await under.done
    expect(under.counters).toMatchObject({ files: fileCount, directories: 3 })
    expect(under.counters.failures).toEqual({})
    expect(servers.map(reads)).toEqual([fileCount, fileCount, fileCount])
    // Of each file the first read alone is a cold one.
    const timed = mounts.map(({ name }) => Object.values(under.counters.mounts[name]?.latencies ?? {}))
    expect(timed.flat().reduce((sum, count) => sum + count, 0)).toBe(fileCount)
    for (const one of timed) expect(one.length).toBeGreaterThan(0)
    // Parts and listings are looked up by path, and one foreign handle is compared: not a lookup for every file.
    for (const { calls } of servers) expect(calls['LOOKUP'] ?? 0).toBeLessThan(10)
  })

  test.for(['each', 'spread'] as const)(
    '%s: one that dies and comes back in mid-walk costs nothing',
    async (through) => {
      const { servers, mounts } = await cluster()
      const [, victim] = servers
      const under = walk(mounts, {
        entries: 'none',
        headBytes: Infinity,
        chunkBytes: 1_000_000,
        through,
        concurrency: 8,
      })
      await until(() => reads(victim) > 20)
      await victim?.pause()
      while (mounts[1]?.health?.alive) await new Promise((resolve) => setTimeout(resolve, 5))
      expect(under.allDown).toBe(false)
      await victim?.resume()
      await under.done
      expect(under.counters).toMatchObject({ files: fileCount, bytes: fileBytes, directories: 3 })
      expect(under.counters.failures).toEqual({})
      const through1 = Object.values(under.counters.mounts).reduce((sum, { files }) => sum + files, 0)
      expect(through1).toBe(through === 'each' ? 3 * fileCount : fileCount)
    },
  )

  test('when all have died, stop gives everything back', async () => {
    const { servers, mounts } = await cluster()
    const options = { entries: 'none', headBytes: Infinity, concurrency: 8 } as const
    const under = walk(mounts, options)
    await until(() => servers.every((server) => reads(server) > 20))
    await Promise.all(servers.map((server) => server.pause()))
    while (!under.allDown) await new Promise((resolve) => setTimeout(resolve, 5))
    under.stop()
    await under.done
    expect(under.counters.failures).toEqual({})
    await Promise.all(servers.map((server) => server.resume()))
    const others = walk(mounts, { ...options, parts: under.rest() })
    await others.done
    expect(others.counters.failures).toEqual({})
    expect(under.counters.files + others.counters.files).toBe(fileCount)
    expect(under.counters.bytes + others.counters.bytes).toBe(fileBytes)
  })
})
