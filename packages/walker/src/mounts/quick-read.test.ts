import { directory, file, type NfsServer, startNfsServer } from '@cachewarmer/nfs/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rateLimit } from '../limits/rate-limit.ts'
import { memoryMount, memoryTree } from '../testing/index.ts'
import { walk } from '../walk/walk.ts'
import type { Mount, OpenMount, ReadOutcome } from './mount.ts'
import { nfsMount } from './nfs/nfs-mount.ts'
import { quickReadOf, setQuickRead } from './quick-read.ts'
import { throttledMount } from './wrappers/throttled-mount.ts'
import { watchedMount } from './wrappers/watched-mount.ts'

let server: NfsServer
let mount: OpenMount
beforeEach(async () => {
  server = await startNfsServer({ tree: directory({ a: file(10), b: file(20), c: file(30) }) })
  mount = await nfsMount({ export: server.address, name: 'a' })
})
afterEach(async () => {
  await mount.close()
  await server.stop()
})

async function warm(through: Mount): Promise<{ files: number; bytes: number; failed: (string | undefined)[] }> {
  const walking = walk([through], { entries: 'none', headBytes: Number.POSITIVE_INFINITY })
  await walking.done
  const { files, bytes } = walking.counters
  return { files, bytes, failed: walking.takeFailures().map(({ path }) => path) }
}

test('a direct mount and a watched one are read without promises, one with a ceiling is not', () => {
  expect(quickReadOf(mount)).toBeDefined()
  expect(quickReadOf(watchedMount(mount))).toBeDefined()
  expect(quickReadOf({ ...watchedMount(mount) })).toBeDefined()
  expect(quickReadOf(throttledMount(mount, rateLimit({ requestsPerSecond: 5 })))).toBeUndefined()
  expect(quickReadOf(memoryMount({ name: 'm', tree: memoryTree({}) }))).toBeUndefined()
})

test.each<[string, (read: Mount['read']) => Mount]>([
  ['in a copy', (read) => ({ ...watchedMount(mount), read })],
  ['in place', (read) => Object.assign(mount, { read })],
])('a read that was replaced %s is the one that a walk calls', async (_how, replaced) => {
  const inner = mount.read.bind(mount)
  const paths: string[] = []
  const through = replaced((target, options) => {
    paths.push(target.path)
    return inner(target, options)
  })
  expect(await warm(through)).toEqual({ files: 3, bytes: 60, failed: [] })
  expect(paths.sort()).toEqual(['/a', '/b', '/c'])
})

test('failures come to the file that they belong to, whenever they are told', async () => {
  let reads = 0
  server.fault = ({ procedure }) =>
    procedure === 'READ' && ++reads === 2 ? { kind: 'status', status: 'IO' } : undefined
  const one = await warm(mount)
  expect([one.files, one.failed.length]).toEqual([2, 1])
  server.fault = () => undefined
  // One that throws, though it must not.
  const throwing = { ...watchedMount(mount) }
  const inner = throwing.read.bind(throwing)
  throwing.read = (target, options) => inner(target, options)
  setQuickRead(throwing, (target) => {
    throw new Error(`${target.path} is odd`)
  })
  const all = await warm(throwing)
  expect([all.files, all.failed.length]).toEqual([0, 3])
})

test('a watched mount that is away fails at once, and its health is what its reads make of it', async () => {
  const watched = watchedMount(await nfsMount({ export: { ...server.address, timeoutMs: 200, retries: 0 }, name: 'b' }))
  const quickRead = quickReadOf(watched)
  const { signal } = new AbortController()
  const read = (): Promise<ReadOutcome> =>
    new Promise((resolve, reject) =>
      quickRead?.({ path: '/a' }, { offset: 0, length: 100, signal }, { resolve, reject }),
    )
  expect(await read()).toMatchObject({ bytes: 10, end: true })
  server.fault = () => ({ kind: 'drop' })
  await expect(read()).rejects.toMatchObject({ code: expect.stringMatching(/TIMEOUT|MOUNT_DOWN/) })
  expect(watched.health.alive).toBe(false)
  await expect(read()).rejects.toMatchObject({ code: 'MOUNT_DOWN' })
  await watched.close()
})
