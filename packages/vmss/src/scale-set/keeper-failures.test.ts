import { afterEach, describe, expect, test } from 'vitest'
import type { ArmOptions } from '../testing/arm/start-arm.ts'
import { aFleetWorld, type FleetWorld } from '../testing/fleet-world.ts'
import { aScaleSet, testSubnetId, testSubscription } from '../testing/settings.ts'
import { hasTool } from '../testing/tools.ts'
import type { ComputePort } from './compute-port.ts'
import { vfxtControllerImage } from './image.ts'
import { openScaleSet } from './keeper.ts'
import type { ScaleSet } from './scale-set.ts'
import { resolveScaleSet, type ScaleSetOptions } from './settings.ts'

const openssl = hasTool('openssl', 'failing scale sets are not tested against the resource manager on loopback')
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

  const machines = () => world.arm.machines(name).map(({ priority, size, power }) => `${priority} ${size} ${power}`)

  describe('without capacity', () => {
    const none = (...sizes: string[]) => ({
      capacity: (size: string, priority: string) => (sizes.includes(`${priority} ${size}`) ? 0 : 100),
    })
    const sizes = { size: 'Standard_D2s_v3', fallbackSizes: ['Standard_D2s_v5', 'Standard_E2s_v5'] }

    test('tries the next size, after the failed set was deleted, and says so', async () => {
      const { open, clock, asked } = await start(none('Spot Standard_D2s_v3', 'Spot Standard_D2s_v5'))
      const view = await clock.run(open(sizes).ensureCapacity(2))
      expect(machines()).toEqual(['Spot Standard_E2s_v5 running', 'Spot Standard_E2s_v5 running'])
      expect(view.notes).toEqual([
        expect.stringMatching(/create: .*AllocationFailed.*; next: spot Standard_D2s_v5$/),
        expect.stringMatching(/create: .*AllocationFailed.*; next: spot Standard_E2s_v5$/),
      ])
      expect(view.candidate).toEqual({ size: 'Standard_E2s_v5', priority: 'spot' })
      expect(asked().filter((request) => !request.startsWith('GET'))).toEqual(['PUT', 'DELETE', 'PUT', 'DELETE', 'PUT'])
    })

    test.each(['SkuNotAvailable', 'OverconstrainedAllocationRequest'])(
      'moves on after %s before anything was made',
      async (code) => {
        const { open, clock, arm, asked } = await start()
        arm.fail({ method: 'PUT', answer: { status: 409, code } })
        await clock.run(open(sizes).ensureCapacity(1))
        expect(machines()).toEqual(['Spot Standard_D2s_v5 running'])
        expect(asked().filter((request) => !request.startsWith('GET'))).toEqual(['PUT', 'PUT'])
      },
    )

    const onlyRegular = none(...['Standard_D2s_v3', 'Standard_D2s_v5', 'Standard_E2s_v5'].map((size) => `Spot ${size}`))

    test('takes regular machines only where that is allowed', async () => {
      const { open, clock } = await start(onlyRegular)
      await clock.run(open({ ...sizes, allowRegular: true }).ensureCapacity(2))
      expect(machines()).toEqual(['Regular Standard_D2s_v3 running', 'Regular Standard_D2s_v3 running'])
    })

    test('says so when no size is to be had, leaves no half-made set, and tries again later', async () => {
      let left = 0
      const { open, clock, arm } = await start({ capacity: () => left })
      const set = open(sizes)
      await expect(clock.run(set.ensureCapacity(2))).rejects.toMatchObject({
        code: 'NO_CAPACITY',
        azureCode: 'AllocationFailed',
      })
      while (arm.sets.size > 0) await clock.advance(1_000)
      expect(set.observe()).toMatchObject({ problem: { code: 'NO_CAPACITY' }, running: 0, wanted: 2 })
      left = 100
      while (set.observe().running < 2 || set.observe().problem) await clock.advance(1_000)
    })

    test('for all keeps those it got, and fills up with machines of the next size', async () => {
      const { open, clock, arm } = await start({ capacity: (size) => (size === 'Standard_D2s_v3' ? 2 : 100) })
      await clock.run(open(sizes).ensureCapacity(5))
      expect(machines().sort()).toEqual([
        ...Array(2).fill('Spot Standard_D2s_v3 running'),
        ...Array(3).fill('Spot Standard_D2s_v5 running'),
      ])
      expect(arm.requests.some(({ method }) => method === 'DELETE')).toBe(false)
    })

    test('for all keeps those it got where no other size may join them', async () => {
      const { open, clock, arm } = await start({ capacity: () => 2 })
      const set = open({ size: 'Standard_D2s_v3', allowRegular: true })
      await expect(clock.run(set.ensureCapacity(5))).rejects.toMatchObject({ code: 'NO_CAPACITY' })
      await clock.advance(120_000)
      expect(set.observe()).toMatchObject({ running: 2, problem: { code: 'NO_CAPACITY' } })
      expect(arm.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1)
    })

    test('begins with the first size again when the next job comes', async () => {
      let spot = 0
      const { open, clock } = await start({ capacity: (size) => (size === 'Standard_D2s_v3' ? spot : 100) })
      const set = open(sizes)
      await clock.run(set.ensureCapacity(1))
      await clock.run(set.ensureDeleted())
      spot = 1
      await clock.run(set.ensureCapacity(1))
      expect(machines()).toEqual(['Spot Standard_D2s_v3 running'])
    })

    test('of its quota gets as many machines as the quota has room for', async () => {
      const { open, clock } = await start({ quota: 4 })
      const set = open()
      set.want(12)
      while (set.observe().running < 3) await clock.advance(1_000)
      expect(set.observe().notes.at(0)).toMatch(/OperationNotAllowed: .*exceeding approved LowPriorityCores quota/)
    })

    test('and not even one machine of quota says so', async () => {
      const { open, clock, arm } = await start({ quota: 0 })
      await expect(clock.run(open().ensureCapacity(3))).rejects.toMatchObject({ code: 'QUOTA' })
      expect(arm.sets.size).toBe(0)
    })
  })

  describe('that people have to help', () => {
    test('says which role on which scope is missing', async () => {
      const { open, clock, arm } = await start({
        allows: (_, { action }) => !action.endsWith('/virtualMachineScaleSets/write'),
      })
      const scope = `/subscriptions/${testSubscription}/resourceGroups/render/providers/Microsoft.Compute/virtualMachineScaleSets/${name}`
      await expect(clock.run(open().ensureCapacity(1))).rejects.toMatchObject({
        code: 'FORBIDDEN',
        message: `${name}: not allowed to do Microsoft.Compute/virtualMachineScaleSets/write on ${scope}; assign Virtual Machine Contributor there to this identity`,
      })
      expect(arm.sets.size).toBe(0)
    })

    test('says so of the subnet, too, and continues once the role exists', async () => {
      let allowed = false
      const { open, clock } = await start({ allows: (_, { action }) => allowed || !action.includes('/subnets/join/') })
      const set = open()
      await expect(clock.run(set.ensureCapacity(1))).rejects.toMatchObject({
        code: 'FORBIDDEN',
        message: expect.stringContaining(`subnets/join/action on ${testSubnetId}; assign Network Contributor there`),
      })
      allowed = true
      while (set.observe().running < 1 || set.observe().problem) await clock.advance(1_000)
    })

    test('says so when it may not even look', async () => {
      const { open, clock } = await start({ allows: () => false })
      const set = open()
      const refused = { code: 'FORBIDDEN', message: expect.stringContaining('assign Reader there') }
      await expect(clock.run(set.ensureCapacity(1))).rejects.toMatchObject(refused)
      await expect(clock.run(set.ensureDeleted())).rejects.toMatchObject(refused)
    })

    test('says with which command the terms of an image are accepted', async () => {
      const { open, clock } = await start()
      await expect(clock.run(open({ image: vfxtControllerImage }).ensureCapacity(1))).rejects.toMatchObject({
        code: 'TERMS_NOT_ACCEPTED',
        message: expect.stringContaining(
          `az vm image terms accept --publisher microsoft-avere --offer vfxt --plan avere-vfxt-controller --subscription ${testSubscription}`,
        ),
      })
    })

    test('is made of an image whose terms were accepted', async () => {
      const { open, clock } = await start({ acceptedPlans: ['microsoft-avere:vfxt:avere-vfxt-controller'] })
      expect(await clock.run(open({ image: vfxtControllerImage }).ensureCapacity(1))).toMatchObject({ running: 1 })
    })

    const refused: [string, Partial<ScaleSetOptions>, RegExp][] = [
      [
        'a size that does not exist',
        { size: 'Standard_Z99' },
        /InvalidParameter: The value Standard_Z99 provided for the VM size is not valid/,
      ],
      [
        'a subnet that is missing',
        { subnetId: testSubnetId.replace('workers', 'nowhere') },
        /InvalidResourceReference: Resource .*nowhere/,
      ],
      ['a region that is another one', { location: 'atlantis' }, /LocationNotAvailableForResourceType: .*'atlantis'/],
      [
        'accelerated networking that the size has not',
        { acceleratedNetworking: true },
        /VMSizeIsNotPermittedToEnableAcceleratedNetworking/,
      ],
    ]
    test.each(refused)('says what Azure says of %s, and makes nothing', async (_, given, message) => {
      const { open, clock, arm } = await start()
      const set = open(given)
      await expect(clock.run(set.ensureCapacity(1))).rejects.toMatchObject({
        code: 'OPTION_INVALID',
        message: expect.stringMatching(message),
      })
      expect(set.observe().notes).toEqual([expect.stringMatching(message)])
      expect(arm.sets.size).toBe(0)
    })
  })

  describe('when something passes by itself', () => {
    test.each([
      { status: 429, code: 'TooManyRequests' },
      { status: 503, code: 'ServiceUnavailable' },
      { status: 500, code: 'InternalServerError' },
      { status: 409, code: 'Conflict' },
      'reset' as const,
    ])('tries again: %j', async (answer) => {
      const { open, clock, arm } = await start()
      arm.fail({ answer, times: 3 })
      arm.fail({ method: 'PUT', answer, times: 2 })
      const set = open()
      expect(await clock.run(set.ensureCapacity(2))).toMatchObject({ running: 2, problem: undefined })
      arm.fail({ method: 'DELETE', answer, times: 2 })
      expect(await clock.run(set.ensureDeleted())).toBe('deleted')
    })

    test('tells people of what fails for the third time, and of no hiccup', async () => {
      const { open, clock, arm } = await start()
      const set = open()
      arm.fail({ method: 'GET', answer: { status: 503, code: 'ServiceUnavailable' }, times: 2 })
      await clock.run(set.ensureCapacity(1))
      expect(set.observe().notes).toEqual([])
      arm.fail({ method: 'DELETE', answer: { status: 503, code: 'ServiceUnavailable', message: 'not now' }, times: 4 })
      await clock.run(set.ensureDeleted())
      expect(set.observe().notes).toEqual([`delete-set: ${name}: ServiceUnavailable: not now`])
    })

    test('leaves Azure alone for as long as it asks', async () => {
      const { open, clock, arm } = await start()
      arm.fail({ method: 'PUT', answer: { status: 429, code: 'TooManyRequests' }, headers: { 'retry-after': '37' } })
      const set = open()
      set.want(1)
      await clock.asleep()
      const asked = arm.requests.length
      await clock.advance(36_999)
      set.want(2)
      await clock.advance(0)
      expect(arm.requests.length).toBe(asked)
      expect(set.observe().problem).toMatchObject({ code: 'THROTTLED', retryAfterMs: 37_000 })
      expect(await clock.run(set.ensureCapacity(2))).toMatchObject({ running: 2 })
    })

    test('outlives polls that fail: it looks for itself how the operation ended', async () => {
      const { open, clock, arm } = await start()
      arm.fail({ path: /\/operations\//, answer: { status: 500, code: 'InternalServerError' } })
      expect(await clock.run(open().ensureCapacity(2))).toMatchObject({ running: 2 })
      expect(arm.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1)
    })

    test.each([
      ['an operation that Azure broke off', 'InternalOperationError'],
      ['one that another client overtook', 'OperationPreempted'],
    ])('outlives %s', async (_, code) => {
      const { open, clock, arm } = await start()
      arm.failLater({ code, message: 'An unexpected error occurred.' })
      expect(await clock.run(open().ensureCapacity(2))).toMatchObject({ running: 2, problem: undefined })
    })

    test('does not ask for ever what Azure does without any effect', async () => {
      const { open, clock, arm } = await start({ evictionLowersCapacity: false, refillsSameCapacity: false })
      const set = open()
      await clock.run(set.ensureCapacity(3))
      await settle(set)
      await arm.evict(name, '1')
      await clock.advance(600_000)
      const resizes = arm.requests.filter(({ method }) => method === 'PATCH').length
      expect(resizes).toBeGreaterThan(1)
      expect(resizes).toBeLessThanOrEqual(20)
      expect(set.observe()).toMatchObject({
        running: 2,
        notes: ['resize: Azure says it is done, and nothing has changed'],
      })
      expect(await clock.run(set.ensureDeleted())).toBe('deleted')
    })

    test("an unknown failure is shown in Azure's words, and tried again", async () => {
      const { open, clock, arm } = await start()
      arm.failLater({ code: 'OSProvisioningTimedOut', message: 'OS Provisioning did not finish in the allotted time.' })
      const set = open()
      await expect(clock.run(set.ensureCapacity(1))).rejects.toMatchObject({
        code: 'FAILED',
        message: `${name}: OSProvisioningTimedOut: OS Provisioning did not finish in the allotted time.`,
      })
      while (set.observe().running < 1) await clock.advance(1_000)
    })
  })

  describe('with machine hours', () => {
    test('goes when they are used up, and comes again only with the next work', async () => {
      const { open, clock, arm } = await start()
      const set = open({ maxMachineHours: 1 })
      await clock.run(set.ensureCapacity(2))
      await clock.advance(1_200_000)
      expect(set.observe().running).toBe(2)
      while (arm.sets.size > 0) await clock.advance(10_000)
      expect(set.observe().machineHours).toBeGreaterThanOrEqual(1)
      expect(set.observe().notes).toEqual(['the machine hours are used up, so the machines go'])
      await expect(clock.run(set.ensureCapacity(2))).rejects.toMatchObject({
        code: 'QUOTA',
        message: expect.stringContaining('machine hours'),
      })
      set.want(0)
      await clock.advance(10_000)
      expect(await clock.run(set.ensureCapacity(1))).toMatchObject({ running: 1 })
      expect(set.observe().machineHours).toBeLessThan(0.1)
    })

    test('counts those of machines that were there before a restart', async () => {
      const { open, clock } = await start()
      const before = open()
      await clock.run(before.ensureCapacity(2))
      await clock.advance(1_800_000)
      await before.close()
      expect((await clock.run(open().ensureCapacity(2))).machineHours).toBeCloseTo(1, 1)
    })
  })

  const calls = ['find', 'instances', 'create', 'deleteInstances', 'resize', 'delete'] as const
  test.each(calls.flatMap((call) => [1, 2].map((nth) => [call, nth] as const)))(
    'killed after %s number %i and started again, leaves nothing behind',
    async (fatal, nth) => {
      const { open, clock, arm, compute } = await start({ capacity: (size) => (size === 'Standard_D2s_v3' ? 1 : 100) })
      const killed = Promise.withResolvers<void>()
      let left: number = nth
      /** Azure gets the request; who sent it is dead before the answer comes. */
      const mortal = async <T>(call: string, answer: Promise<T>): Promise<T> => {
        const answered = await answer
        if (call === fatal) left -= 1
        if (left > 0) return answered
        killed.resolve()
        return new Promise(() => {})
      }
      const port: ComputePort = {
        find: (...args) => mortal('find', compute.find(...args)),
        instances: (...args) => mortal('instances', compute.instances(...args)),
        create: (...args) => mortal('create', compute.create(...args)),
        deleteInstances: (...args) => mortal('deleteInstances', compute.deleteInstances(...args)),
        resize: (...args) => mortal('resize', compute.resize(...args)),
        delete: (...args) => mortal('delete', compute.delete(...args)),
      }
      const given = resolveScaleSet(aScaleSet({ fallbackSizes: ['Standard_D2s_v5'] }))
      const before = openScaleSet(port, given, { clock })
      const life = async (): Promise<void> => {
        // Comes past each of the calls twice.
        for (const wanted of [3, 0, 3, 0]) await (wanted > 0 ? before.ensureCapacity(wanted) : before.ensureDeleted())
        throw new Error(`there were not ${nth} calls of ${fatal}`)
      }
      await clock.run(Promise.race([killed.promise, life()]))
      expect(['deleted', 'absent']).toContain(await clock.run(open().ensureDeleted()))
      expect(arm.sets.size).toBe(0)
    },
  )
})
