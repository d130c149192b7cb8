import { describe, expect, test } from 'vitest'
import { resolveWorkerOptions } from '../ports.ts'
import { names, prefix, run, World } from '../testing/world.ts'
import { RunDirectory } from './run-directory.ts'

const other = 'run000000002'
const settings = resolveWorkerOptions({ prefix }, () => 'worker-1')

const directoryOf = (world: World): RunDirectory => new RunDirectory(world.ports, settings)

/** Lists again only after this long. */
const listedAgainMs = (world: World): number => Math.max(world.service.polling.maxMs, settings.statusMs)

const offered = async (directory: RunDirectory): Promise<string[]> =>
  (await directory.live()).map(({ work }) => work.name).toSorted()

describe('the runs that a worker knows', () => {
  test('are those with a work queue and a live status', async () => {
    const world = new World()
    await world.announce()
    await world.announce({}, { run: other })
    await world.service.create(names.runWork('run000000003'))
    await world.service.create(names.work)
    expect(await offered(directoryOf(world))).toEqual([names.runWork(run), names.runWork(other)])
  })

  test.each(['paused', 'ended'] as const)('leave out one that is %s', async (state) => {
    const world = new World()
    await world.announce()
    await world.announce({}, { run: other, state })
    expect(await offered(directoryOf(world))).toEqual([names.runWork(run)])
  })

  test('leave out one that has as many workers as it may, and this is none of them', async () => {
    const world = new World()
    await world.announce({}, { admitted: ['worker-2', 'worker-1'] })
    await world.announce({}, { run: other, admitted: ['worker-2'] })
    expect(await offered(directoryOf(world))).toEqual([names.runWork(run)])
  })

  test('are offered again when they are resumed', async () => {
    const world = new World()
    await world.announce({}, { state: 'paused' })
    const directory = directoryOf(world)
    expect(await offered(directory)).toEqual([])
    await world.post({ state: 'running' })
    await world.clock.advance(settings.statusMs)
    expect(await offered(directory)).toEqual([names.runWork(run)])
  })

  test('say what weight they have', async () => {
    const world = new World()
    await world.announce({}, { weight: 30 })
    expect(await directoryOf(world).live()).toMatchObject([{ run, weight: 30 }])
  })

  test('are asked for their status once in a while, however many items they have', async () => {
    const world = new World()
    await world.announce()
    const directory = directoryOf(world)
    const peeks = (): number => world.calls.filter((call) => call === `peek ${names.runStatus(run)}`).length
    for (let look = 0; look < 50; look += 1) await directory.status(run)
    expect(peeks()).toBe(1)
    await world.clock.advance(settings.statusMs)
    await directory.status(run)
    expect(peeks()).toBe(2)
  })

  test('are forgotten with their queues', async () => {
    const world = new World()
    await world.announce()
    const directory = directoryOf(world)
    await directory.live()
    expect(directory.knows(run)).toBe(true)
    await world.service.delete(names.runWork(run))
    await world.clock.advance(listedAgainMs(world))
    expect(await offered(directory)).toEqual([])
    expect(directory.knows(run)).toBe(false)
  })
})

describe('the status of a run', () => {
  test('still holds while its message is hidden for a moment', async () => {
    const world = new World()
    await world.announce({}, { revision: 3 })
    const directory = directoryOf(world)
    expect(await directory.status(run)).toMatchObject({ revision: 3 })
    await world.service.queue(names.runStatus(run)).receive({ max: 1, leaseMs: 60_000 })
    await world.clock.advance(settings.statusMs)
    expect(await directory.status(run)).toMatchObject({ revision: 3 })
  })

  test('is unknown, and the run forgotten, once its queue is gone', async () => {
    const world = new World()
    await world.announce()
    const directory = directoryOf(world)
    await directory.status(run)
    await world.service.delete(names.runStatus(run))
    await world.clock.advance(settings.statusMs)
    expect(await directory.status(run)).toBeUndefined()
    expect(directory.knows(run)).toBe(false)
  })

  test('still holds when a newer version of it can not be read: its items are not dropped for that', async () => {
    const world = new World()
    await world.announce({}, { revision: 3 })
    const directory = directoryOf(world)
    await directory.status(run)
    const queue = world.service.queue(names.runStatus(run))
    const [lease] = await queue.receive({ max: 1, leaseMs: 60_000 })
    await lease?.update(lease.body.replace('"v":1', '"v":2'), { leaseMs: 0 })
    await world.clock.advance(settings.statusMs)
    expect(await directory.status(run)).toMatchObject({ revision: 3 })
  })

  test('that was never readable offers nothing', async () => {
    const world = new World()
    await world.announce()
    const [lease] = await world.service.queue(names.runStatus(run)).receive({ max: 1, leaseMs: 60_000 })
    await lease?.update('{"v":2}', { leaseMs: 0 })
    expect(await offered(directoryOf(world))).toEqual([])
  })
})
