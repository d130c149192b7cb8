import { readFileSync } from 'node:fs'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { aFleetWorld, type FleetWorld } from '../testing/fleet-world.ts'
import { testSubnetId } from '../testing/settings.ts'
import { hasTool } from '../testing/tools.ts'
import { scaleSetBody } from './body.ts'
import { scaleSetFleet } from './scale-set.ts'

const openssl = hasTool('openssl', 'fleets are not tested against the resource manager on loopback')
const name = 'cachewarmer-test'
const first = { kind: 'vmss', size: 'Standard_D2s_v3', priority: 'spot' }

describe.skipIf(!openssl)('scaleSetFleet', () => {
  let world: FleetWorld
  afterEach(async () => {
    await world[Symbol.asyncDispose]()
    expect(world.clock.sleepers).toBe(0)
  })

  test('starts, shows and stops workers', async () => {
    world = await aFleetWorld()
    const { open, clock, arm } = world
    const fleet = scaleSetFleet(open())
    expect(fleet.observe()).toEqual({ ...first, wanted: 0, running: 0, machineHours: 0, notes: [] })
    fleet.want(3)
    while (fleet.observe().running < 3) await clock.advance(1_000)
    const hours = expect.any(Number) as number
    expect(fleet.observe()).toEqual({ ...first, wanted: 3, running: 3, machineHours: hours, notes: [] })
    await clock.run(fleet.stop())
    expect(arm.sets.size).toBe(0)
    expect(fleet.observe()).toEqual({ ...first, wanted: 0, running: 0, machineHours: hours, notes: [] })
  })

  test('lets those go who have nothing to do', async () => {
    world = await aFleetWorld()
    const { open, clock, arm } = world
    const fleet = scaleSetFleet(open())
    fleet.want(3)
    while (fleet.observe().running < 3) await clock.advance(1_000)
    const [, ...working] = arm.machines(name).map(({ computerName }) => computerName)
    fleet.want(2, working)
    while (arm.machines(name).length > 2) await clock.advance(1_000)
    expect(arm.machines(name).map(({ id }) => id)).toEqual(['1', '2'])
  })

  test('deletes at start what an earlier manager left behind, when nothing is wanted', async () => {
    world = await aFleetWorld()
    const { open, clock, arm, settings, compute } = world
    await compute.create(name, scaleSetBody(settings, settings.candidates[0], 2))
    const fleet = scaleSetFleet(open())
    fleet.want(0)
    while (arm.sets.size > 0) await clock.advance(1_000)
  })

  test('says what machines it asks for, what they cost, and what stands in the way', async () => {
    let capacity = 2
    world = await aFleetWorld({ capacity: (size) => (size === first.size ? capacity : 0) })
    const { open, clock, arm } = world
    const fleet = scaleSetFleet(open({ count: 2, fallbackSizes: ['Standard_D4s_v3'], pricePerHour: 0.25 }))
    fleet.want(2)
    while (fleet.observe().running < 2) await clock.advance(1_000)
    await clock.advance(600_000)
    const { machineHours, cost } = fleet.observe()
    expect(machineHours).toBeGreaterThan(0.3)
    expect(cost).toEqual({ dollars: machineHours * 0.25, basis: 'price' })
    capacity = 1
    await arm.evict(name, '0')
    while (fleet.observe().notes.length < 2) await clock.advance(1_000)
    expect(fleet.observe()).toMatchObject({
      wanted: 2,
      running: 1,
      problem: expect.stringContaining('AllocationFailed'),
      notes: [expect.stringContaining('next: spot Standard_D4s_v3'), expect.any(String)],
    })
  })

  test('stops at once when the set of this name has another owner', async () => {
    world = await aFleetWorld()
    const { open, clock, arm, settings } = world
    arm.plant(name, { ...scaleSetBody(settings, settings.candidates[0], 1), tags: {} })
    const fleet = scaleSetFleet(open())
    await clock.run(fleet.stop())
    expect(fleet.observe()).toMatchObject({ running: 0, notes: [expect.stringContaining('left alone')] })
    expect(arm.sets.size).toBe(1)
  })

  test('stops waiting on an abort, and the deletion continues', async () => {
    world = await aFleetWorld()
    const { open, clock, arm } = world
    const stop = new AbortController()
    const fleet = scaleSetFleet(open(), { signal: stop.signal })
    fleet.want(1)
    while (fleet.observe().running < 1) await clock.advance(1_000)
    arm.hold()
    const stopped = fleet.stop()
    while (arm.sets.get(name)?.state !== 'Deleting') await clock.advance(1_000)
    const enough = new Error('enough')
    stop.abort(enough)
    await expect(stopped).rejects.toBe(enough)
    arm.release()
    while (arm.sets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  })

  test('says when people have to delete the set themselves', async () => {
    world = await aFleetWorld({ allows: (_, { action }) => !action.endsWith('/delete') })
    const { open, clock } = world
    const fleet = scaleSetFleet(open())
    fleet.want(1)
    while (fleet.observe().running < 1) await clock.advance(1_000)
    await expect(clock.run(fleet.stop())).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('virtualMachineScaleSets/delete'),
    })
  })
})

/* The roles of docs/azure-roles.md are enough: the page is what the resource manager of these tests goes by. */

const identityId =
  '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/render/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker'

let roles: { Name: string; Actions: string[] }[]
let linked: string[]
beforeAll(() => {
  const page = readFileSync(new URL('../../../../docs/azure-roles.md', import.meta.url), 'utf8')
  roles = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => JSON.parse(text))
  linked = [...page.matchAll(/^\| `(Microsoft\.[^`]+)`/gm)].map(([, action = '']) => action)
})

describe.skipIf(!openssl)('the roles of the documentation', () => {
  let world: FleetWorld
  afterEach(() => world[Symbol.asyncDispose]())

  test('let a manager make, resize, thin out and delete its scale set', async () => {
    const allowed = new Set([...(roles[0]?.Actions ?? []), ...linked])
    const asked = new Set<string>()
    world = await aFleetWorld({
      resources: [testSubnetId, identityId],
      allows: (_, { action }) => {
        asked.add(action)
        return allowed.has(action)
      },
    })
    const { open, clock, arm } = world
    const set = open({ identityId })
    await clock.run(set.ensureCapacity(2))
    await clock.run(set.ensureCapacity(3))
    set.want(1)
    while (arm.machines(name).length > 1) await clock.advance(1_000)
    expect(await clock.run(set.ensureDeleted())).toBe('deleted')
    expect(set.observe().notes).toEqual([])
    for (const action of ['virtualMachineScaleSets/write', 'delete/action', 'subnets/join/action', 'assign/action'])
      expect(
        [...asked].some((each) => each.endsWith(action)),
        action,
      ).toBe(true)
  })

  test('let a worker do nothing but delete machines', async () => {
    world = await aFleetWorld()
    expect(roles.map(({ Name }) => Name)).toEqual(['CacheWarmer Manager', 'CacheWarmer Worker'])
    expect(roles[1]?.Actions).toEqual(['Microsoft.Compute/virtualMachineScaleSets/virtualMachines/delete'])
  })
})
