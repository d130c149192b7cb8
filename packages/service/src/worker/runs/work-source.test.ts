import { seededRandom } from '@cachewarmer/core/testing'
import { describe, expect, test } from 'vitest'
import { resolveWorkerOptions, type WorkerOptions } from '../ports.ts'
import { names, prefix, World, workQueue } from '../testing/world.ts'
import type { LiveRun } from './run-directory.ts'
import { RunDirectory } from './run-directory.ts'
import { type HeldItem, RunShares, WorkSource } from './work-source.ts'

const night: LiveRun = { run: 'night', weight: 30, limited: false }
const day: LiveRun = { run: 'day', weight: 10, limited: false }

const sharing = (slots: number): RunShares => new RunShares(slots, seededRandom(7))
const begin = (shares: RunShares, run: string, count: number): HeldItem[] =>
  Array.from({ length: count }, () => shares.begin({ run, limited: false }))

/** Fills the slots from runs that always have items; how many each got. */
function filled(shares: RunShares, slots: number, runs: readonly LiveRun[]): Record<string, number> {
  const got: Record<string, number> = {}
  for (let taken = 0; taken < slots; ) {
    const [next] = shares.order(runs)
    if (next === undefined) throw new Error('no run to ask')
    for (let at = 0; at < next.max && taken < slots; at += 1, taken += 1) {
      shares.begin(next)
      got[next.run] = (got[next.run] ?? 0) + 1
    }
  }
  return got
}

describe('slots', () => {
  test('are shared by weight, in any order of arrival', () => {
    expect(filled(sharing(4), 4, [night, day])).toEqual({ night: 3, day: 1 })
    const shares = sharing(4)
    begin(shares, 'day', 1)
    expect(filled(shares, 3, [night, day])).toEqual({ night: 3 })
  })

  test('all belong to a run that is alone, and to one that others leave them to', () => {
    expect(sharing(4).order([night])).toEqual([{ ...night, max: 4 }])
    const shares = sharing(4)
    begin(shares, 'night', 3)
    expect(shares.order([night, day]).map(({ run }) => run)).toEqual(['day', 'night'])
    begin(shares, 'day', 1)
    expect(shares.order([night, day])).toEqual([])
  })

  test.each([1, 2, 3])(
    'of %i, where the division leaves a rest, are shared by chance, and by weight on the average',
    (slots) => {
      const random = seededRandom(3)
      let nights = 0
      for (let round = 0; round < 2_000; round += 1)
        nights += filled(new RunShares(slots, random), slots, [night, day])['night'] ?? 0
      expect(nights / (2_000 * slots)).toBeGreaterThan(0.66)
      expect(nights / (2_000 * slots)).toBeLessThan(0.84)
    },
  )

  test('are not all given to many light runs: a heavy one has its share', () => {
    const light = Array.from({ length: 10 }, (_, at) => ({ run: `light-${at}`, weight: 1, limited: false }))
    expect(
      filled(sharing(4), 4, [{ run: 'heavy', weight: 90, limited: false }, ...light])['heavy'],
    ).toBeGreaterThanOrEqual(3)
  })
})

describe('runs with ceilings', () => {
  const slow: LiveRun = { run: 'slow', weight: 100, limited: true }

  test('have slots of their own: however many they hold, the others have all of theirs', () => {
    const shares = sharing(4)
    for (let at = 0; at < 4; at += 1) shares.begin(slow)
    expect(shares.order([slow, day])).toEqual([{ ...day, max: 4 }])
    for (let at = 0; at < 4; at += 1) shares.begin(day)
    expect(shares.order([slow, day])).toEqual([])
  })

  test('make room for one another alone', () => {
    const shares = sharing(4)
    const [item] = Array.from({ length: 4 }, () => shares.begin(slow)) as [HeldItem]
    expect(shares.inFavourOf(item, [slow, night, day])).toEqual([])
    const other = { ...slow, run: 'slow too' }
    expect(shares.inFavourOf(item, [slow, other, day])).toEqual([other])
  })
})

describe('an item', () => {
  test('makes room where its run has more than its share and another less, one item at a time', () => {
    const shares = sharing(4)
    const [first, second] = begin(shares, 'night', 4) as [HeldItem, HeldItem]
    expect(shares.inFavourOf(first, [night, day])).toEqual([day])
    shares.leave(first)
    expect(shares.inFavourOf(first, [night, day])).toEqual([])
    expect(shares.inFavourOf(second, [night, day])).toEqual([])
    shares.end(first)
    const [own] = begin(shares, 'day', 1) as [HeldItem]
    for (const item of [second, own]) expect(shares.inFavourOf(item, [night, day])).toEqual([])
    expect(shares.inFavourOf(second, [{ ...night, weight: 1 }, day])).toEqual([{ ...day }])
  })

  test('stays where no other run waits, or its run is over', () => {
    const shares = sharing(4)
    const [item] = begin(shares, 'night', 4) as [HeldItem]
    expect(shares.inFavourOf(item, [night])).toEqual([])
    expect(shares.inFavourOf(item, [day])).toEqual([])
  })

  test('of the only slot makes room in turn', () => {
    const shares = sharing(1)
    const [item] = begin(shares, 'night', 1) as [HeldItem]
    expect(shares.inFavourOf(item, [night, day])).toEqual([day])
  })
})

const other = 'run000000002'

function sourceOf(world: World, options: Partial<WorkerOptions> = {}): WorkSource {
  const settings = resolveWorkerOptions({ prefix, ...options }, () => 'worker-1')
  const shares = new RunShares(settings.slots, world.ports.random)
  const directory = new RunDirectory(world.ports, settings)
  return new WorkSource(world.ports, settings, { directory, shares }, new AbortController().signal)
}

const take = async (source: WorkSource): Promise<string[]> =>
  (await source.receive({ max: 4, leaseMs: 60_000 })).map(({ body }) => body)

describe('the work of a worker', () => {
  test('comes from every run that has some', async () => {
    const world = new World()
    await world.announce()
    await world.announce({}, { run: other })
    await world.service.queue(names.runWork(other)).send('of-the-other')
    const source = sourceOf(world)
    for (let look = 0; look < 3; look += 1) {
      const taken = await take(source)
      if (taken.length > 0) expect(taken).toEqual(['of-the-other'])
    }
    expect(await take(source)).toEqual([])
    await world.service.queue(workQueue).send('of-this')
    expect(await take(source)).toEqual(['of-this'])
  })

  test('is none while all runs are paused', async () => {
    const world = new World()
    await world.announce({}, { state: 'paused' })
    await world.service.queue(workQueue).send('an-item')
    expect(await take(sourceOf(world))).toEqual([])
  })

  test('survives a run whose queue vanishes under it', async () => {
    const world = new World()
    await world.announce()
    await world.announce({}, { run: other })
    const source = sourceOf(world)
    await take(source)
    await world.service.delete(workQueue)
    await world.service.queue(names.runWork(other)).send('of-the-other')
    expect(await take(source)).toEqual(['of-the-other'])
  })

  test("is the original's when no run has any, one message at a time", async () => {
    const world = new World()
    await world.service.create(names.work)
    for (const body of ['first', 'second']) await world.service.queue(names.work).send(body)
    const source = sourceOf(world)
    expect(await take(source)).toEqual(['first'])
    await world.announce()
    await world.service.queue(workQueue).send('of-a-run')
    await world.clock.advance(world.service.polling.maxMs)
    expect(await take(source)).toEqual(['of-a-run'])
    expect(await take(source)).toEqual(['second'])
  })

  test("is never the original's where that is not wanted", async () => {
    const world = new World()
    await world.service.create(names.work)
    await world.service.queue(names.work).send('first')
    expect(await take(sourceOf(world, { serveOriginal: false }))).toEqual([])
  })

  test("looks for the original's queue only now and then while there is none", async () => {
    const world = new World()
    const source = sourceOf(world)
    for (let look = 0; look < 20; look += 1) await take(source)
    const looks = (): number => world.calls.filter((call) => call === `receive ${names.work}`).length
    expect(looks()).toBe(1)
    await world.service.create(names.work)
    await world.service.queue(names.work).send('first')
    await world.clock.advance(30_000)
    expect(await take(source)).toEqual(['first'])
  })
})
