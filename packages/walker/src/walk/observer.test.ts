import { expect, test } from 'vitest'
import { fakeClock } from '../testing/fake-clock.ts'
import { manyEntries, memoryMount, memoryTree, until } from '../testing/index.ts'
import type { WalkCounters, WalkFailure } from './counters.ts'
import { walk } from './walk.ts'
import { warm } from './warm.ts'

const file = { kind: 'file', size: 10 } as const

test('the observer hears progress at intervals of the clock, and once more at the end', async () => {
  const clock = fakeClock()
  const mount = memoryMount({ name: 'm', tree: manyEntries(20, () => file), latencyMs: 1_000, clock })
  const told: number[] = []
  const observer = { progressed: ({ files }: WalkCounters) => void told.push(files) }
  const under = walk([mount], { concurrency: 2, clock, observer, progressMs: 3_000 })
  const done = under.done.then(() => true)
  while ((await Promise.race([done, clock.advance(500)])) === undefined);
  expect(told.at(-1)).toBe(20)
  // A look at the root and its listing, then ten rounds of two files, of a second each.
  expect(told.length).toBeGreaterThanOrEqual(4)
  expect(told).toEqual(told.toSorted((a, b) => a - b))
  expect(clock.timers).toBe(0)
})

test('an aborted walk tells how far it came', async () => {
  const abort = new AbortController()
  const told: WalkCounters[] = []
  const observer = { progressed: (counters: WalkCounters) => void told.push(counters) }
  const tree = manyEntries(Number.POSITIVE_INFINITY, () => memoryTree({ f: 1 }), 'd')
  const under = walk([memoryMount({ name: 'm', tree })], { entries: 'none', observer, signal: abort.signal })
  await until(() => under.counters.files > 0)
  abort.abort(new Error('enough'))
  await expect(under.done).rejects.toThrow('enough')
  expect(told.at(-1)?.files).toBeGreaterThan(0)
})

test('the observer hears failures as they happen, and what the observer throws changes nothing', async () => {
  const faults = (operation: string) => (operation === 'read' ? ('IO' as const) : undefined)
  const mount = memoryMount({ name: 'm', tree: memoryTree({ a: 1, b: 2 }), faults })
  const told: WalkFailure[] = []
  const observer = {
    failed(failure: WalkFailure): void {
      told.push(failure)
      throw new Error('not mine')
    },
    progressed(): void {
      throw new Error('not mine either')
    },
  }
  const { failures } = await warm([mount], ['/'], { observer })
  expect(told).toHaveLength(2)
  expect(told).toEqual(failures)
})
