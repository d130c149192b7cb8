import { decodeItem, type Item } from '@cachewarmer/core'
import { anItem } from '@cachewarmer/core/testing'
import type { TakenPart } from '@cachewarmer/walker'
import { expect, test } from 'vitest'
import { resolveWorkerOptions } from '../ports.ts'
import { prefix, World, workQueue } from '../testing/world.ts'
import { Attempt } from './attempt.ts'

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
