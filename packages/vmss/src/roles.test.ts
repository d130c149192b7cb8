import { readFileSync } from 'node:fs'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { aFleetWorld, type FleetWorld } from './testing/fleet-world.ts'
import { hasTool, testSubnetId } from './testing/index.ts'

/* The roles of docs/azure-roles.md are enough: the page is what the resource manager of these tests goes by. */

const openssl = hasTool('openssl', 'roles are not tested against the resource manager on loopback')
const name = 'cachewarmer-test'
const identityId =
  '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/render/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker'

let roles: { Name: string; Actions: string[] }[]
let linked: string[]
beforeAll(() => {
  const page = readFileSync(new URL('../../../docs/azure-roles.md', import.meta.url), 'utf8')
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
