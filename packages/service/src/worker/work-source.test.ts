import { describe, expect, test } from 'vitest'
import { resolveWorkerOptions, type WorkerOptions } from './ports.ts'
import { RunDirectory } from './run-directory.ts'
import { RunShares } from './run-shares.ts'
import { names, prefix, World, workQueue } from './testing/world.ts'
import { WorkSource } from './work-source.ts'

const other = 'run000000002'

function sourceOf(world: World, options: Partial<WorkerOptions> = {}): WorkSource {
  const settings = resolveWorkerOptions({ prefix, ...options }, () => 'worker-1')
  const shares = new RunShares(settings.slots, world.ports.random)
  return new WorkSource(world.ports, settings, new RunDirectory(world.ports, settings), shares)
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
