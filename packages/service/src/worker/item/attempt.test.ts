import { decodeItem, type Item } from '@cachewarmer/core'
import { anItem } from '@cachewarmer/core/testing'
import type { TakenPart, Walk } from '@cachewarmer/walker'
import { expect, test } from 'vitest'
import { resolveWorkerOptions } from '../ports.ts'
import { prefix, World, workQueue } from '../testing/world.ts'
import { Attempt, countsOf } from './attempt.ts'

/** What is sent for these parts. */
async function handedAway(parts: readonly TakenPart[], ways: number): Promise<Item[]> {
  const world = new World()
  await world.announce()
  const settings = resolveWorkerOptions({ prefix }, () => 'worker-1')
  const attempt = new Attempt(world.ports, settings, anItem(), 'a1')
  await attempt.handAway(parts, ways, new AbortController().signal)
  const queue = world.service.queue(workQueue)
  const items: Item[] = []
  for (;;) {
    const leases = await queue.receive({ max: 32, leaseMs: 60_000 })
    if (leases.length === 0) return items
    items.push(...leases.map(({ body }) => decodeItem(body)))
  }
}

const filesOf = (scope: number, count: number): TakenPart => ({
  scope,
  part: { kind: 'files', directory: `/d${scope}`, names: Array.from({ length: count }, (_, at) => `${at}.exr`) },
})

test.each([
  [20, 40, 32],
  [20, 1, 32],
  [3, 1_000, 2],
  [1, 5, 32],
])(
  '%i open listings with %i files each share %i messages, and each has one of its own',
  async (scopes, files, ways) => {
    const items = await handedAway(
      Array.from({ length: scopes }, (_, scope) => filesOf(scope, files)),
      ways,
    )
    expect(items.length).toBeGreaterThanOrEqual(Math.min(ways, scopes * files))
    expect(items.length).toBeLessThanOrEqual(ways + scopes)
    const names = items.flatMap(({ parts }) =>
      parts.flatMap((part) => (part.kind === 'files' ? part.names.map((name) => `${part.directory}/${name}`) : [])),
    )
    expect([names.length, new Set(names).size]).toEqual([scopes * files, scopes * files])
    expect(new Set(items.map(({ item }) => item)).size).toBe(items.length)
  },
)

test('what is much gets most of the messages', async () => {
  const items = await handedAway([filesOf(1, 3), filesOf(2, 997)], 10)
  const first = items.filter(({ parts }) => parts.some((part) => part.kind === 'files' && part.directory === '/d1'))
  expect([first.length, items.length]).toEqual([1, 11])
})

test('every counter of a walk that a message has a place for reaches it', () => {
  const reads = { limit: 7, inFlight: 1 }
  const counters: Walk['counters'] = {
    directories: 1,
    files: 2,
    filesInPart: 1,
    bytes: 3,
    entriesSkipped: 4,
    leftOut: { include: 4 },
    specialSkipped: 5,
    failures: { IO: 6 },
    sizes: { 7: { files: 8, bytes: 9 } },
    mounts: { a: { files: 10, bytes: 11, failures: 12, latencies: { 13: 14 }, state: 'up', limits: { reads } } },
    levels: { 0: { listed: 15, directories: 16, files: 17, bytes: 18 } },
    chunks: 19,
    inFlight: 20,
    bytesArrived: 21,
    bytesInFlight: 22,
  }
  const sample = { files: 23, filesMs: 24, bytes: 25, bytesMs: 26 }
  const counts = countsOf({ counters } as Walk, { sample, latencies: true, bytesFound: true })
  const { filesInPart: _, chunks: _c, inFlight: _i, bytesArrived: _a, bytesInFlight: _b, ...sums } = counters
  const { state: _s, limits: _l, ...mount } = counters.mounts['a'] as (typeof counters.mounts)[string]
  expect(counts).toEqual({ ...sums, mounts: { a: mount }, sample })
  // A manager that does not ask for details, because it is older, gets none.
  const bare = countsOf({ counters } as Walk)
  expect(bare.mounts).toEqual({ a: { files: 10, bytes: 11, failures: 12 } })
  expect(bare.levels).toEqual({ 0: { listed: 15, directories: 16, files: 17 } })
})
