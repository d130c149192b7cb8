import type { Clock } from '@cachewarmer/queue'
import { systemClock } from '@cachewarmer/queue'
import { afterEach, describe, expect, test } from 'vitest'
import { scaleSetBody } from '../scale-set/body.ts'
import { ownerTag } from '../scale-set/settings.ts'
import { aFleetWorld, type FleetWorld } from '../testing/fleet-world.ts'
import { type ArmOptions, hasTool, type InstanceMetadataServer, startInstanceMetadata } from '../testing/index.ts'
import { instanceMetadata, type MachineMetadata } from './instance-metadata.ts'
import { deleteThisMachine } from './self-delete.ts'

const openssl = hasTool('openssl', 'self-deletion is not tested against the resource manager on loopback')
const name = 'cachewarmer-test'
const pausesMs = [5_000, 15_000, 30_000, 60_000]
/** Pauses between attempts pass at once; the time that an attempt may take is real. */
const clock: Clock = {
  now: () => systemClock.now(),
  setTimer: (ms, run) => systemClock.setTimer(pausesMs.includes(ms) ? 0 : ms, run),
}
const narrow = 'Microsoft.Compute/virtualMachineScaleSets/virtualMachines/delete'

describe.skipIf(!openssl)('deleteThisMachine', () => {
  let world: FleetWorld
  let imds: InstanceMetadataServer
  let machine: MachineMetadata
  let poweredOff = 0
  afterEach(async () => {
    await imds.close()
    await world[Symbol.asyncDispose]()
  })

  /** A worker on machine 1 of a set of two, whose identity may do no more than the narrow role allows. */
  async function start(options: ArmOptions = {}, scaleSet = name): Promise<void> {
    poweredOff = 0
    const allows = (token: string, { action }: { action: string }) => token !== 'worker' || action === narrow
    world = await aFleetWorld({ allows, ...options })
    const { settings, compute, arm } = world
    await (await compute.create(name, scaleSetBody(settings, settings.candidates[0], 2))).finished()
    const group = arm.requests[0]?.path.replace(/\/virtualMachineScaleSets\/.*/, '') ?? ''
    const resourceId = `${group}/virtualMachineScaleSets/${name}/virtualMachines/1`
    const described = { name: `${name}_1`, resourceId, scaleSet, tags: { [ownerTag]: 'test' } }
    imds = await startInstanceMetadata({
      machine: described,
      tokenFor: (resource, identity) =>
        resource === `${arm.cloud.armEndpoint}/` && identity === '/worker' ? 'worker' : undefined,
    })
    machine = await instanceMetadata({ clock: systemClock, baseUrl: imds.url }).machine()
  }
  const run = (given: Partial<Parameters<typeof deleteThisMachine>[1]> = {}) =>
    deleteThisMachine(
      {
        metadata: instanceMetadata({ clock: systemClock, baseUrl: imds.url, timeoutMs: 60_000 }),
        clock,
        fetch: world.arm.fetch,
        powerOff: async () => {
          poweredOff += 1
        },
      },
      { machine, cloud: world.arm.cloud, identityId: '/worker', ...given },
    )

  test('deletes the machine with the narrow role, and no other machine', async () => {
    await start()
    expect(await run()).toBe('deleting')
    while (world.arm.machines(name).length > 1) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(world.arm.machines(name).map(({ id }) => id)).toEqual(['0'])
    expect(poweredOff).toBe(0)
  })

  test('a machine that is gone already is deleted', async () => {
    await start()
    world.arm.fail({ method: 'DELETE', answer: { status: 404, code: 'ResourceNotFound' } })
    expect(await run()).toBe('deleting')
  })

  test('tries again when Azure or the identity fails', async () => {
    await start()
    imds.fail(500, 2)
    world.arm.fail({ method: 'DELETE', answer: { status: 503, code: 'ServiceUnavailable' } })
    expect(await run()).toBe('deleting')
    expect(poweredOff).toBe(0)
    // The first was refused, and is not taken for done.
    expect(world.arm.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(2)
    while (world.arm.machines(name).length > 1) await new Promise((resolve) => setTimeout(resolve, 5))
  })

  test.each([503, 500, 429, 409])(
    'a machine whose deletion is answered with %i each time is powered off',
    async (status) => {
      await start()
      for (let n = 0; n < 5; n += 1) world.arm.fail({ method: 'DELETE', answer: { status, code: 'Refused' } })
      expect(await run()).toBe('powered-off')
      expect(poweredOff).toBe(1)
      expect(world.arm.machines(name)).toHaveLength(2)
    },
  )

  test('powers off as the last resort when the role is missing', async () => {
    await start({ allows: (token) => token !== 'worker' })
    expect(await run()).toBe('powered-off')
    expect(world.arm.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(5)
    expect(poweredOff).toBe(1)
    expect(world.arm.machines(name)).toHaveLength(2)
  })

  test('powers off when no service answers', async () => {
    await start()
    await imds.close()
    expect(await run()).toBe('powered-off')
    expect(poweredOff).toBe(1)
  })

  test('never touches a machine that is no worker of ours, such as the controller', async () => {
    await start()
    for (const other of [
      { ...machine, scaleSet: undefined },
      { ...machine, tags: {} },
    ]) {
      await expect(run({ machine: other })).rejects.toMatchObject({ code: 'NOT_OURS' })
    }
    expect(poweredOff).toBe(0)
    expect(world.arm.requests.filter(({ method }) => method === 'DELETE')).toEqual([])
  })

  test('aborting ends the attempts without powering off', async () => {
    await start({ allows: () => true })
    imds.fail('hang')
    const stop = new AbortController()
    const enough = new Error('enough')
    const work = run({ signal: stop.signal })
    while (imds.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    stop.abort(enough)
    await expect(work).rejects.toBe(enough)
    expect(poweredOff).toBe(0)
  })
})
