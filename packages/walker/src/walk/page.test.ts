import { expect, test } from 'vitest'
import { manyEntries, memoryMount, memoryTree } from '../testing/index.ts'
import { defaultFilter, type WalkFilter } from './options.ts'
import { decideAhead } from './page.ts'
import { walk } from './walk.ts'

/** A filter that takes `ms` over each name, by its own clock. */
function slow(ms: number) {
  const time = { now: 0, asked: 0 }
  const file = (_path: string, name: string): boolean => {
    time.now += ms
    time.asked += 1
    return name.endsWith('7')
  }
  const filter: WalkFilter = { ...defaultFilter, file, leftOutBy: () => 'expressions' }
  return { filter, time, now: () => time.now }
}
const entries = Array.from({ length: 500 }, (_, at) => ({ name: `f${at}`, kind: 'file' as const }))

test('a filter that takes long has others take their turn, and then knows all answers', async () => {
  const { filter, time, now } = slow(50)
  let turns = 0
  const turn = (): NodeJS.Immediate => setImmediate(() => turns++ < 1_000 && turn())
  turn()
  const decided = await decideAhead(filter, { path: '/d', entries, now, wanted: () => true })
  expect(turns).toBeGreaterThan(10)
  expect(entries.filter(({ name }) => decided?.file(`/d/${name}`, name))).toHaveLength(50)
  expect(decided?.leftOutBy?.({ path: '/d/f1', name: 'f1', kind: 'file' })).toBe('expressions')
  // Those of the sample are asked twice.
  expect(time.asked).toBe(516)
})

test('a quick one is asked when its answer is needed', () => {
  const { filter, now } = slow(0.001)
  expect(decideAhead(filter, { path: '/d', entries, now, wanted: () => true })).toBeUndefined()
})

test('nothing more is decided for a walk that stopped', async () => {
  const { filter, time, now } = slow(50)
  await decideAhead(filter, { path: '/d', entries, now, wanted: () => false })
  expect(time.asked).toBeLessThan(20)
})

test('a walk counts the same, and others have their turn while its filter is at work', async () => {
  const tree = memoryTree({ d: manyEntries(300, () => ({ kind: 'file', size: 1 })) })
  let ticks = 0
  const ticking = setInterval(() => ticks++)
  const busy = (_path: string, name: string): boolean => {
    for (const end = performance.now() + 1; performance.now() < end; );
    return name.endsWith('7')
  }
  const walking = walk([memoryMount({ name: 'a', tree })], {
    filter: { ...defaultFilter, file: busy },
    entries: 'none',
  })
  await walking.done
  clearInterval(ticking)
  expect(walking.counters.files).toBe(30)
  expect(ticks).toBeGreaterThan(3)
})
