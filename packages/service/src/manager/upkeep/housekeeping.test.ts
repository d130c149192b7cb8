import { encodeJob, encodeStatus } from '@cachewarmer/core'
import { aJob, aStatus } from '@cachewarmer/core/testing'
import { faultyService } from '@cachewarmer/queue/testing'
import { describe, expect, test } from 'vitest'
import type { RunRecord } from '../ledger/ledger.ts'
import { aRecord } from '../testing/a-record.ts'
import { names, World } from '../testing/world.ts'
import { cleanUp, jobsInSight, listSweep, retireRunsOfJob, type Strays } from './housekeeping.ts'

const retainMs = 1_000_000
const dayMs = 86_400_000

/** A run of these queues, with this status. */
async function aRun(world: World, run: string, status: Partial<ReturnType<typeof aStatus>>): Promise<void> {
  for (const name of [names.runWork(run), names.runResults(run), names.runStatus(run)]) await world.service.create(name)
  await world.service.queue(names.runStatus(run)).send(encodeStatus(aStatus({ run, ...status })))
}

const record = (run: string): RunRecord => ({
  run,
  jobMessageId: run,
  jobInsertedAtMs: 0,
  job: aJob(),
  warnings: [],
  startedAtMs: 0,
  generation: 0,
  rootSent: true,
  paused: false,
  revision: 1,
  weight: 10,
  ceilings: {},
})

const queuesOf = async (world: World, run: string): Promise<string[]> =>
  (await world.service.list('studio')).filter((name) => names.runOf(name) === run)

const [goesOn, ended, old, strange] = ['run000000001', 'run000000002', 'run000000003', 'run000000004'] as const

describe('thousands of runs that are kept', () => {
  const kept = Array.from({ length: 200 }, (_, at) => `keptrun${String(at).padStart(5, '0')}`)

  test('are not looked at one by one, neither to clean up nor for a job that comes again', async () => {
    const world = new World()
    for (const run of kept) {
      await world.service.create(names.runStatus(run))
      await world.service
        .queue(names.runStatus(run))
        .send(encodeStatus(aStatus({ run, state: 'ended', outcome: 'warmed', updatedAtMs: world.clock.now() })))
      world.ledger.addRun(record(run))
      world.ledger.endRun(run, 'warmed', world.clock.now())
    }
    await aRun(world, goesOn, { jobMessageId: 'm1', updatedAtMs: world.clock.now() })
    let calls = 0
    const service = faultyService(world.service, () => {
      calls += 1
      return undefined
    })
    await cleanUp({ ...world.ports, service }, world.settings(), new Map(), undefined)
    expect(await retireRunsOfJob({ ...world.ports, service }, world.settings(), 'm1')).toBe('retired')
    expect(calls).toBeLessThan(20)
    expect(await queuesOf(world, goesOn)).toEqual([])
  })
})

describe('cleaning up', () => {
  test('removes runs that no manager has once they are seen again, those without a status and those with an old one', async () => {
    const world = new World()
    await world.service.create(names.runWork(goesOn))
    await aRun(world, old, { updatedAtMs: world.clock.now() })
    await aRun(world, strange, { updatedAtMs: world.clock.now() })
    await aRun(world, ended, { updatedAtMs: world.clock.now() })
    world.ledger.addRun(record(ended))
    const strays: Strays = new Map()
    await cleanUp(world.ports, world.settings(), strays, undefined)
    expect(await queuesOf(world, goesOn)).toHaveLength(1)
    const [status] = await world.service.queue(names.runStatus(strange)).receive({ max: 1, leaseMs: 1 })
    await status?.update(encodeStatus(aStatus({ run: strange, updatedAtMs: world.clock.now() + 1_000 })), {
      leaseMs: 0,
    })
    await cleanUp(world.ports, world.settings(), strays, undefined)
    const left = [goesOn, old, strange, ended].map(async (run) => (await queuesOf(world, run)).length)
    expect(await Promise.all(left)).toEqual([0, 0, 3, 3])
  })

  test('removes a run of its own ledger whose job is gone once it is seen again, and no other', async () => {
    const world = new World()
    for (const run of [goesOn, old]) {
      await aRun(world, run, { updatedAtMs: world.clock.now() })
      world.ledger.addRun(record(run))
    }
    const jobs = new Set([record(goesOn).jobMessageId])
    const strays: Strays = new Map()
    await cleanUp(world.ports, world.settings(), strays, undefined)
    await cleanUp(world.ports, world.settings(), strays, jobs)
    expect(await queuesOf(world, old)).toHaveLength(3)
    await cleanUp(world.ports, world.settings(), strays, jobs)
    expect(await queuesOf(world, old)).toEqual([])
    expect(world.ledger.run(old)?.outcome).toBe('lost')
    expect(await queuesOf(world, goesOn)).toHaveLength(3)
    expect(world.ledger.run(goesOn)?.outcome).toBeUndefined()
  })

  test('removes what ended long ago, and what is left of the work of runs that ended', async () => {
    const world = new World()
    const now = world.clock.now()
    await aRun(world, goesOn, { updatedAtMs: 0 })
    await aRun(world, ended, { state: 'ended', outcome: 'warmed', endedAtMs: now - 1_000 })
    await aRun(world, old, { state: 'ended', outcome: 'warmed', endedAtMs: now - retainMs - dayMs - 1 })
    for (const run of [ended, old]) {
      world.ledger.addRun(record(run))
      world.ledger.endRun(run, 'warmed', now - (run === old ? retainMs + dayMs + 1 : 1_000))
    }
    await cleanUp(world.ports, world.settings({ retainMs }), new Map(), undefined)
    expect(await queuesOf(world, goesOn)).toHaveLength(3)
    expect(await queuesOf(world, ended)).toEqual([names.runStatus(ended)])
    expect(await queuesOf(world, old)).toEqual([])
    expect(world.ledger.run(old)).toBeUndefined()
    expect(world.ledger.run(ended)?.outcome).toBe('warmed')
  })

  test("leaves alone what it can't read, and queues of others", async () => {
    const world = new World()
    for (const name of ['studiostatus', 'studio-other', names.runStatus(strange)]) await world.service.create(name)
    await world.service.queue(names.runStatus(strange)).send('{"v":2}')
    await cleanUp(world.ports, world.settings({ retainMs: 0 }), new Map(), undefined)
    expect(await world.service.list('')).toEqual(['studio-other', 'studiostatus', names.runStatus(strange)].toSorted())
  })
})

test('a run whose ledger was lost gives way to the new run of its job, an ended one and those of other jobs do not', async () => {
  const world = new World()
  await aRun(world, goesOn, { jobMessageId: 'm1' })
  await aRun(world, ended, { jobMessageId: 'm1', state: 'ended', outcome: 'warmed' })
  await aRun(world, old, { jobMessageId: 'm2' })
  await retireRunsOfJob(world.ports, world.settings(), 'm1')
  expect(await queuesOf(world, goesOn)).toEqual([])
  expect(await queuesOf(world, ended)).toHaveLength(3)
  expect(await queuesOf(world, old)).toHaveLength(3)
})

test('a wall clock that was set ahead by hours removes nothing that is to be kept', async () => {
  const world = new World()
  const now = world.clock.now()
  await aRun(world, ended, { state: 'ended', outcome: 'warmed', endedAtMs: now })
  world.ledger.addRun(record(ended))
  world.ledger.endRun(ended, 'warmed', now)
  world.clock.setWall(12 * 3_600_000)
  await cleanUp(world.ports, world.settings({ retainMs }), new Map(), undefined)
  expect(await queuesOf(world, ended)).toEqual([names.runStatus(ended)])
  expect(world.ledger.run(ended)?.outcome).toBe('warmed')
})

const hourMs = 3_600_000
const lists = ['abandoned123', 'growing12345', 'needed123456'].map((list) => names.list(list))

test('a list that no job names is removed after a day without a change', async () => {
  const world = new World()
  for (const name of lists) await world.service.create(name)
  const [, growing = '', needed = ''] = lists
  const sweep = listSweep(world.ports, world.settings())
  const left = async (hours: number): Promise<readonly string[]> => {
    await world.clock.advance(hours * hourMs)
    await sweep(new Set([needed]))
    return world.service.list(names.list(''))
  }
  expect(await left(0)).toEqual(lists)
  await world.service.queue(growing).send('{}')
  expect(await left(23)).toEqual(lists)
  expect(await left(2)).toEqual([growing, needed])
  expect(await left(23)).toEqual([needed])
})

test('jobs that run or wait are seen; a lease that this manager does not know says that there are more', async () => {
  const world = new World()
  const first = await world.submit()
  const list = { id: 'list00000001', chunks: 1, paths: 1 }
  const second = await world.submitRaw(encodeJob(aJob({ paths: [], list })))
  const runs = (jobMessageId: string) => [{ record: aRecord({ jobMessageId }) }]
  const [lease] = await world.service.queue(names.job).receive({ max: 1, leaseMs: 60_000 })
  expect(lease?.id).toBe(first)
  const seen = await jobsInSight(world.ports, world.settings(), runs(first))
  expect(seen).toEqual({ messageIds: new Set([second, first]), lists: new Set([names.list(list.id)]) })
  expect(await jobsInSight(world.ports, world.settings(), [])).toBeUndefined()
})
