import { afterEach, describe, expect, test } from 'vitest'
import type { ArmOptions } from '../testing/arm/start-arm.ts'
import { aFleetWorld, type FleetWorld } from '../testing/fleet-world.ts'
import { hasTool } from '../testing/tools.ts'
import { scaleSetBody } from './body.ts'
import type { ScaleSet } from './scale-set.ts'
import { ownerTag } from './settings.ts'

const openssl = hasTool('openssl', 'scale sets are not tested against the resource manager on loopback')
const name = 'cachewarmer-test'

describe.skipIf(!openssl)('a scale set', () => {
  let world: FleetWorld
  const start = async (options: ArmOptions = {}): Promise<FleetWorld> => {
    world = await aFleetWorld(options)
    return world
  }
  /** Until it runs and was looked at since. */
  const settle = async (set: ScaleSet): Promise<void> => {
    while (set.observe().state !== 'running') await world.clock.advance(1_000)
    await world.clock.advance(10_000)
  }
  afterEach(async () => {
    await world[Symbol.asyncDispose]()
    expect(world.clock.sleepers).toBe(0)
  })

  const powers = () => world.arm.machines(name).map(({ power }) => power)

  describe('made and removed', () => {
    test('sends no request before something is wanted', async () => {
      const { open, arm } = await start()
      expect(open().observe()).toMatchObject({ state: 'unknown', wanted: 0, running: 0, notes: [] })
      expect(arm.requests).toEqual([])
    })

    test('is made with as many machines as are wanted', async () => {
      const { open, clock } = await start()
      const view = await clock.run(open().ensureCapacity(3))
      expect(view).toMatchObject({
        wanted: 3,
        running: 3,
        starting: 0,
        problem: undefined,
        notes: [],
      })
      expect(powers()).toEqual(['running', 'running', 'running'])
    })

    test('is asked for at once, with one look before', async () => {
      const { open, clock, asked, arm } = await start()
      arm.hold()
      open().want(2)
      await clock.asleep()
      expect(asked()).toEqual(['GET', 'PUT'])
    })

    test('is deleted, and says so when there was nothing to delete', async () => {
      const { open, clock, arm } = await start()
      const set = open()
      expect(await clock.run(set.ensureDeleted())).toBe('absent')
      await clock.run(set.ensureCapacity(2))
      expect(await clock.run(set.ensureDeleted())).toBe('deleted')
      expect(arm.sets.size).toBe(0)
      expect(set.observe()).toMatchObject({ state: 'absent', running: 0 })
    })

    test('never has more machines than the count', async () => {
      const { open, clock } = await start()
      expect(await clock.run(open({ count: 2 }).ensureCapacity(50))).toMatchObject({ wanted: 2, running: 2 })
    })

    test('is deleted in the middle of its making when nothing is wanted any more', async () => {
      const { open, clock, arm, asked } = await start()
      arm.hold()
      const set = open()
      set.want(2)
      await clock.asleep()
      expect(set.observe().state).toBe('starting')
      const deleted = set.ensureDeleted()
      await clock.asleep()
      expect(asked()).toEqual(['GET', 'PUT', 'DELETE'])
      expect(set.observe().state).toBe('deleting')
      arm.release()
      expect(await clock.run(deleted)).toBe('deleted')
      expect(arm.sets.size).toBe(0)
    })

    test('aborting a wait leaves Azure and the background at work, and asking again resumes the wait', async () => {
      const { open, clock, arm } = await start()
      arm.hold()
      const set = open()
      const stop = new AbortController()
      const enough = new Error('enough')
      const waiting = set.ensureCapacity(2, { signal: stop.signal })
      await clock.asleep()
      stop.abort(enough)
      await expect(waiting).rejects.toBe(enough)
      await expect(set.ensureCapacity(2, { signal: stop.signal })).rejects.toBe(enough)
      arm.release()
      expect(await clock.run(set.ensureCapacity(2))).toMatchObject({ running: 2 })
      expect(arm.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1)
    })

    test('what cannot be wanted is refused', async () => {
      const { open } = await start()
      for (const wanted of [-1, 1.5, Number.NaN]) {
        expect(() => open().want(wanted)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID', target: 'wanted' }))
      }
    })

    test('closing ends the waits and leaves the set', async () => {
      const { open, clock, arm } = await start()
      const set = open()
      await clock.run(set.ensureCapacity(1))
      const waiting = set.ensureCapacity(5)
      await set.close()
      await expect(waiting).rejects.toMatchObject({ code: 'FAILED', message: expect.stringContaining('closed') })
      expect(arm.sets.size).toBe(1)
    })
  })

  describe('reads', () => {
    test('at most once in ten seconds while all is well', async () => {
      const { open, clock, asked } = await start()
      const set = open()
      await clock.run(set.ensureCapacity(2))
      await settle(set)
      asked()
      await clock.advance(60_000)
      const reads = asked()
      expect(new Set(reads)).toEqual(new Set(['GET /virtualMachines']))
      expect(reads.length).toBeLessThanOrEqual(6)
      expect(reads.length).toBeGreaterThanOrEqual(5)
    })

    test('nothing at all while there is no set and none is wanted', async () => {
      const { open, clock, asked } = await start()
      const set = open()
      await clock.run(set.ensureCapacity(1))
      await clock.run(set.ensureDeleted())
      asked()
      await clock.advance(3_600_000)
      set.want(0)
      await clock.advance(3_600_000)
      expect(asked()).toEqual([])
    })

    test('all pages of a large set', async () => {
      const { open, clock } = await start({ pageSize: 2 })
      expect(await clock.run(open().ensureCapacity(5))).toMatchObject({ running: 5 })
    })
  })

  describe('kept at size', () => {
    test('grows and shrinks with what is wanted, and lets idle workers go first', async () => {
      const { open, clock, arm } = await start()
      const set = open()
      await clock.run(set.ensureCapacity(2))
      await clock.run(set.ensureCapacity(4))
      expect(powers()).toHaveLength(4)
      const working = [arm.machines(name)[1]?.computerName ?? '', `${name}_3`]
      set.want(2, { working })
      while (arm.machines(name).length > 2) await clock.advance(1_000)
      expect(arm.machines(name).map(({ id }) => id)).toEqual(['1', '3'])
      expect(arm.sets.get(name)?.body.sku.capacity).toBe(2)
    })

    test.each([true, false])(
      'replaces evicted machines (an eviction lowers the capacity: %s)',
      async (evictionLowersCapacity) => {
        const { open, clock, arm } = await start({ evictionLowersCapacity })
        const set = open()
        await clock.run(set.ensureCapacity(3))
        await arm.evict(name, '0')
        await arm.evict(name, '2')
        while (arm.machines(name).length < 3) await clock.advance(1_000)
        await clock.run(set.ensureCapacity(3))
        expect(arm.machines(name).map(({ id }) => id)).toEqual(['1', '3', '4'])
      },
    )

    test('fills a set up again after all its machines were evicted', async () => {
      const { open, clock, arm } = await start()
      const set = open()
      await clock.run(set.ensureCapacity(2))
      await arm.evict(name, '0')
      await arm.evict(name, '1')
      await clock.advance(20_000)
      await clock.run(set.ensureCapacity(2))
      expect(arm.machines(name).map(({ id }) => id)).toEqual(['2', '3'])
    })

    test('clears away a machine that was shut down inside, which would be paid for still', async () => {
      const { open, clock, arm } = await start()
      const set = open()
      await clock.run(set.ensureCapacity(2))
      arm.powerOff(name, '0')
      await clock.advance(30_000)
      await clock.run(set.ensureCapacity(2))
      expect(arm.machines(name).map(({ id, power }) => `${id} ${power}`)).toEqual(['1 running', '2 running'])
    })

    test('makes the set anew when another client deletes it, and says so', async () => {
      const { open, clock, arm } = await start()
      const set = open()
      await clock.run(set.ensureCapacity(2))
      await settle(set)
      await arm.vanish(name)
      await clock.advance(30_000)
      const view = await clock.run(set.ensureCapacity(2))
      expect(view.notes).toEqual(['the scale set was deleted by another client'])
      expect(powers()).toEqual(['running', 'running'])
    })

    test('a set that vanished needs no deletion', async () => {
      const { open, clock, arm } = await start()
      const set = open()
      await clock.run(set.ensureCapacity(1))
      await arm.vanish(name)
      arm.fail({ method: 'DELETE', answer: { status: 404, code: 'ResourceNotFound' } })
      expect(['deleted', 'absent']).toContain(await clock.run(set.ensureDeleted()))
    })
  })

  describe('after a restart', () => {
    test('is found and kept: nothing is made twice', async () => {
      const { open, clock, arm } = await start()
      const before = open()
      await clock.run(before.ensureCapacity(2))
      await before.close()
      expect(await clock.run(open().ensureCapacity(2))).toMatchObject({ running: 2 })
      expect(arm.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1)
    })

    test.each(['create', 'delete', 'deleteInstances', 'resize'])(
      'during a %s continues from where Azure is',
      async (deed) => {
        const { open, clock, arm } = await start()
        const before = open()
        if (deed !== 'create') await clock.run(before.ensureCapacity(deed === 'deleteInstances' ? 3 : 2))
        arm.hold()
        before.want(deed === 'delete' ? 0 : deed === 'deleteInstances' ? 2 : 3)
        await clock.asleep()
        await before.close()
        const after = open()
        const there = after.ensureCapacity(3)
        await clock.asleep()
        arm.release()
        await clock.run(there)
        expect(powers()).toEqual(['running', 'running', 'running'])
      },
    )

    test('is deleted when the work is over', async () => {
      const { open, clock, arm } = await start()
      const before = open()
      await clock.run(before.ensureCapacity(2))
      await before.close()
      open().want(0)
      while (arm.sets.size > 0) await clock.advance(1_000)
    })
  })

  describe('of another owner', () => {
    test.each([{}, { [ownerTag]: 'other' }])('is never touched (its tags: %j)', async (tags) => {
      const { open, clock, arm, settings, asked } = await start()
      arm.plant(name, { ...scaleSetBody(settings, settings.candidates[0], 2), tags })
      const set = open()
      const refused = { code: 'NOT_OURS', target: name, message: expect.stringContaining('left alone') }
      await expect(clock.run(set.ensureCapacity(2))).rejects.toMatchObject(refused)
      await expect(clock.run(set.ensureDeleted())).rejects.toMatchObject(refused)
      set.want(5)
      await clock.advance(600_000)
      expect(set.observe()).toMatchObject({ state: 'absent', running: 0, problem: refused })
      expect(asked().every((request) => request.startsWith('GET'))).toBe(true)
      expect(arm.sets.size).toBe(1)
    })

    test('is not asked about again while nothing is wanted', async () => {
      const { open, clock, arm, settings, asked } = await start()
      arm.plant(name, { ...scaleSetBody(settings, settings.candidates[0], 2), tags: {} })
      const set = open()
      await expect(clock.run(set.ensureDeleted())).rejects.toMatchObject({ code: 'NOT_OURS' })
      asked()
      await clock.advance(600_000)
      expect(asked()).toEqual([])
    })

    test('that is made at the same moment is not changed by us', async () => {
      const { open, clock, arm, settings } = await start()
      const set = open()
      await clock.run(set.ensureDeleted())
      arm.plant(name, { ...scaleSetBody(settings, settings.candidates[0], 1), tags: { [ownerTag]: 'other' } })
      await expect(clock.run(set.ensureCapacity(3))).rejects.toMatchObject({ code: 'NOT_OURS' })
      expect(arm.sets.get(name)?.body.sku.capacity).toBe(1)
    })

    test('of another storage account with the same prefix differs by its owner', async () => {
      const { open, clock } = await start()
      await clock.run(open({ owner: 'one/test' }).ensureCapacity(1))
      await expect(clock.run(open({ owner: 'two/test' }).ensureCapacity(1))).rejects.toMatchObject({ code: 'NOT_OURS' })
    })
  })
})
