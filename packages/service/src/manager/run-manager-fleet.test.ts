import { encodeControl } from '@cachewarmer/core'
import { aHeartbeat, aHeldAttempt } from '@cachewarmer/core/testing'
import { faultyService } from '@cachewarmer/queue/testing'
import { describe, expect, test } from 'vitest'
import { names, World } from './testing/world.ts'

const good = { jobId: 'good' }

describe('the fleet', () => {
  test('is as large as may be while there is work, stays for a while, and goes', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(
      async () => {
        await world.until(async () => (world.wanted.at(-1) === 7 ? true : undefined))
        await world.work(id)
        await world.reached(id)
        const endedAtMs = world.clock.now()
        await world.until(async () => (world.wanted.at(-1) === 0 ? true : undefined))
        expect(world.clock.now() - endedAtMs).toBeGreaterThan(15_000)
        expect(world.wanted.filter((workers) => workers > 0)).toEqual([7])
      },
      { maxWorkers: 7 },
    )
    expect(world.fleetStops).toBe(1)
  })

  test('is asked for within three seconds, however long nothing was to do and however lazily the service is polled', async () => {
    const world = new World()
    const service = { ...world.service, polling: { minMs: 500, maxMs: 5_000 } }
    const manager = world.start({}, { service })
    for (let job = 0; job < 8; job += 1) {
      await world.clock.advance(60_000 + job * 700)
      const id = await world.submit({ jobId: `job-${job}` })
      await world.clock.advance(2_500)
      expect(world.wanted.at(-1)).toBe(4)
      await world.work(id)
      await world.reached(id)
    }
    manager.stop()
    await world.clock.run(manager.ended)
  })

  test('stays while a worker holds an item, although its queue shows none', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(
      async () => {
        await world.takeItem(id)
        await world.clock.advance(600_000)
        expect(world.wanted.filter((workers) => workers > 0)).toEqual([4])
        expect(world.wanted.at(-1)).toBe(4)
      },
      { idleMs: 1_000, lostAfterMs: 3_600_000 },
    )
  })

  test('shrinks to the workers that hold the last items, and grows again for the next run', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(
      async () => {
        const { item } = await world.takeItem(id)
        const attempts = [aHeldAttempt({ item: item.item })]
        const heartbeat = aHeartbeat({ run: item.run, attempts, worker: 'node-7' })
        for (let second = 0; second < 40; second += 2) {
          await world.report(heartbeat)
          await world.clock.advance(2_000)
        }
        expect(world.wanted.slice(-2)).toEqual([4, 1])
        expect(world.working).toEqual(['node'])
        await world.submit({ jobId: 'next' })
        await world.until(async () => (world.wanted.at(-1) === 4 ? true : undefined))
      },
      { tailMs: 20_000, lostAfterMs: 3_600_000 },
    )
  })

  test('goes when the queues can not be reached any more', async () => {
    const world = new World()
    const id = await world.submit(good)
    let reachable = true
    const service = faultyService(world.service, () => (reachable ? undefined : 'lost request'))
    const manager = world.start({}, { service })
    await world.reached(id, 'running')
    reachable = false
    // A manager that can't renew the lead does not lead any more, and only a leader has machines.
    await world.clock.advance(600_000)
    expect(world.wanted.at(-1)).toBe(0)
    manager.stop()
    await world.clock.run(manager.ended, 60_000).catch(() => undefined)
    expect(world.fleetStops).toBe(1)
  })

  test('is shown in the status, and holds the run up while what stands in its way leaves it without machines', async () => {
    const world = new World()
    const said = { kind: 'vmss' as const, problem: 'AllocationFailed', machineHours: 1.5, notes: ['no machines'] }
    world.fleetSays = said
    const id = await world.submit(good)
    await world.managed(async () => {
      await world.until(async () => (world.wanted.at(-1) === 4 ? true : undefined))
      const held = await world.until(async () => (await world.statuses()).find(({ fleet }) => fleet?.wanted === 4))
      expect(held).toMatchObject({ state: 'running', problem: 'AllocationFailed', fleet: said })
      world.fleetSays = { ...said, running: 3 }
      await world.until(async () => ((await world.statuses())[0]?.problem === undefined ? true : undefined))
      world.fleetSays = said
      await world.work(id)
      const ended = await world.reached(id)
      expect(ended).toMatchObject({ outcome: 'warmed', fleet: said })
      expect(ended.problem).toBeUndefined()
    })
  })
})

describe('a status that can not be written', () => {
  test('ends its run as lost, and says why; the next job is run', async () => {
    const world = new World()
    world.fleetSays = { running: -1 }
    const id = await world.submit({ jobId: 'untold' })
    await world.managed(async () => {
      const status = await world.reached(id)
      expect(status).toMatchObject({ label: 'untold', outcome: 'lost' })
      expect(status.problem).toMatch(/its status can't be written: fleet.running: expected .*got -1/)
      world.fleetSays = {}
      const next = await world.submit(good)
      await world.work(next)
      expect(await world.reached(next)).toMatchObject({ outcome: 'warmed' })
    })
  })

  test('does not stand in the way of a cancellation', async () => {
    const world = new World()
    const id = await world.submit(good)
    await world.managed(async () => {
      await world.takeItem(id)
      await world.service.queue(names.control).send(encodeControl({ v: 1, command: 'cancel', target: 'good' }))
      world.fleetSays = { running: -1 }
      expect(await world.reached(id)).toMatchObject({ outcome: 'cancelled' })
    })
  })
})
