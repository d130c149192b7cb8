import { mountExport, type NfsExport } from '@cachewarmer/nfs'
import {
  directory,
  file,
  type NfsServer,
  type NfsServerOptions,
  startNfsServer,
  type TreeDirectory,
  up,
} from '@cachewarmer/nfs/testing'
import { afterEach, expect, test } from 'vitest'
import { Reservoir, type Sample, sampleExport } from './sample.ts'
import { seeded } from './testing/seeded.ts'

let server: NfsServer | undefined
let mounted: NfsExport | undefined
afterEach(async () => {
  await mounted?.close()
  await server?.stop()
})

async function sample(tree: TreeDirectory, odd: NfsServerOptions['odd'] = {}): Promise<Sample> {
  server = await startNfsServer({ tree, odd })
  const { host, exportPath, nfsPort, mountPort } = server.address
  mounted = await mountExport({ host, exportPath, nfsPort, mountPort })
  const all = { file: () => true, size: () => true, modified: () => true, directory: () => true }
  return sampleExport([mounted], {
    paths: ['/'],
    size: 100,
    filter: all,
    random: seeded(1),
    inFlight: 4,
    isLate: () => false,
    signal: AbortSignal.timeout(60_000),
  })
}

test.each([
  ['both', undefined],
  ['handle', 'handle'],
] as const)('a directory that leads back, told by %s, is named, and all else is in the sample', async (_, same) => {
  const tree = directory({ f: file(10), a: directory({ b: directory({ g: file(1), loop: up(2, same) }) }) })
  const found = await sample(tree)
  expect([found.population, found.directories]).toEqual([2, 3])
  expect(found.failures).toEqual([{ path: '/a/b/loop', message: 'it leads back to a directory that it lies in' }])
})

test('an entry that can not be looked at is named, and its neighbours are in the sample', async () => {
  const tree = directory({ a: file(1), vol1: directory({}), b: file(2) })
  const found = await sample(tree, { bare: (name) => name === 'vol1', lookUp: () => 'IO' })
  expect([found.population, found.directories]).toEqual([2, 1])
  expect(found.failures.map(({ path }) => path)).toEqual(['/vol1'])
})

test('keeps each value as often as any other', () => {
  const random = seeded(3)
  const kept = Array.from({ length: 100 }, () => 0)
  for (let round = 0; round < 2_000; round++) {
    const reservoir = new Reservoir<number>(10, random)
    for (let value = 0; value < 100; value++) reservoir.offer(() => value)
    for (const value of reservoir.shuffled()) kept[value] = (kept[value] ?? 0) + 1
  }
  // 200 each on average, with a standard deviation of 13.4.
  expect(Math.min(...kept)).toBeGreaterThan(200 - 5 * 13.4)
  expect(Math.max(...kept)).toBeLessThan(200 + 5 * 13.4)
})

test('keeps all of a few, and makes nothing that it does not keep', () => {
  const reservoir = new Reservoir<number>(5, seeded(1))
  for (let value = 0; value < 3; value++) reservoir.offer(() => value)
  expect([reservoir.seen, reservoir.shuffled().sort((a, b) => a - b)]).toEqual([3, [0, 1, 2]])
})
