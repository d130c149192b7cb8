import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { scaleSetBody } from '../scale-set/body.ts'
import { resolveScaleSet, type ScaleSetOptions } from '../scale-set/settings.ts'
import {
  type Arm,
  type ArmOptions,
  aScaleSet,
  hasTool,
  type InstanceMetadataServer,
  startArm,
  startInstanceMetadata,
  testResourceGroup,
  testSubnetId,
  testSubscription,
} from '../testing/index.ts'
import { type ArmCompute, armCompute, azureCredential, machineSubnet, type SubnetOptions, subnetOf } from './arm.ts'

const openssl = hasTool('openssl', 'the SDK is not tested against the resource manager on loopback')
const group = `/subscriptions/${testSubscription}/resourceGroups/${testResourceGroup}`
const identityId = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker`
const imageId = `${group}/providers/Microsoft.Compute/galleries/mine/images/worker/versions/1.0.0`

const body = (capacity: number, given: Partial<ScaleSetOptions> = {}) => {
  const settings = resolveScaleSet(aScaleSet(given))
  return scaleSetBody(settings, settings.candidates[0], capacity)
}

describe.skipIf(!openssl)('armCompute', () => {
  let arm: Arm
  let compute: ArmCompute
  beforeEach(() => start())
  afterEach(() => arm.close())

  async function start(options: ArmOptions = {}): Promise<void> {
    await arm?.close()
    arm = await startArm(options)
    compute = connect()
  }
  function connect(
    given: { pollMs?: number; resourceGroup?: string; credential?: Arm['credential'] } = {},
  ): ArmCompute {
    const { cloud, ca, credential } = arm
    return armCompute({
      subscriptionId: testSubscription,
      resourceGroup: testResourceGroup,
      credential,
      cloud,
      ca,
      pollMs: 5,
      ...given,
    })
  }
  const make = async (capacity: number) => (await compute.create('test', body(capacity))).finished()

  const bodies: [string, Partial<ScaleSetOptions>][] = [
    ['of the defaults', {}],
    [
      'of everything that can be set',
      {
        tags: { team: 'lighting' },
        identityId,
        ephemeralOsDisk: true,
        osDiskGib: 30,
        maxPrice: 0.02,
        image: { id: imageId },
      },
    ],
    [
      'of regular machines with a password',
      { priority: 'regular', adminPassword: 'Correct-Horse-1', size: 'Standard_D2s_v5' },
    ],
    ['over zones', { zones: ['1', '2', '3'] }],
    ['in a single placement group', { singlePlacementGroup: true, terminateNoticeMs: 900_000 }],
  ]
  test.each(bodies)('sends exactly the body %s, and Azure takes it', async (_, given) => {
    await start({ resources: [testSubnetId, identityId, imageId] })
    const sent = body(2, given)
    await (await compute.create('test', sent)).finished()
    expect(arm.requests[0]).toMatchObject({ method: 'PUT', query: '?api-version=2026-04-01' })
    expect(arm.requests[0]?.body).toEqual(sent)
    expect(arm.machines('test')).toMatchObject([{ power: 'running' }, { power: 'running' }])
  })

  test('tells what a set is like', async () => {
    expect(await compute.find('test')).toBeUndefined()
    arm.hold()
    const operation = await compute.create('test', body(2))
    expect(await compute.find('test')).toEqual({
      state: 'creating',
      capacity: 2,
      size: 'Standard_D2s_v3',
      spot: true,
      acceleratedNetworking: false,
      tags: { 'cachewarmer-owner': 'test' },
    })
    arm.release()
    await operation.finished()
    expect(await compute.find('test')).toMatchObject({ state: 'ready' })
    arm.hold()
    await compute.delete('test')
    expect(await compute.find('test')).toMatchObject({ state: 'deleting' })
  })

  test('tells what its machines do', async () => {
    const at = Date.UTC(2026, 5, 1)
    await start({ now: () => at, capacity: () => 2 })
    expect(await compute.instances('test')).toBeUndefined()
    await expect(make(3)).rejects.toMatchObject({ code: 'NO_CAPACITY' })
    arm.powerOff('test', '1')
    const machines = (await compute.instances('test')) ?? []
    expect(machines.map(({ id, state }) => `${id} ${state}`)).toEqual(['0 running', '1 stopped', '2 failed'])
    expect(machines[0]).toEqual({
      id: '0',
      name: 'test_0',
      computerName: 'test000000',
      state: 'running',
      createdAtMs: at,
    })
    arm.hold()
    await compute.deleteInstances('test', ['0'])
    expect((await compute.instances('test'))?.[0]).toMatchObject({ state: 'stopping' })
  })

  test('machines that have not booted are starting', async () => {
    arm.hold()
    await compute.create('test', body(1))
    expect(await compute.instances('test')).toMatchObject([{ state: 'starting' }])
  })

  test('reads all pages', async () => {
    await start({ pageSize: 2 })
    await make(5)
    expect(await compute.instances('test')).toHaveLength(5)
  })

  test('grows a set with machines of another size, deletes machines by name, and the set', async () => {
    await make(1)
    await (await compute.resize('test', { capacity: 3, size: 'Standard_D2s_v5' })).finished()
    expect(arm.machines('test').map(({ size }) => size)).toEqual([
      'Standard_D2s_v3',
      'Standard_D2s_v5',
      'Standard_D2s_v5',
    ])
    await (await compute.deleteInstances('test', ['0', '2'])).finished()
    expect(arm.machines('test').map(({ id }) => id)).toEqual(['1'])
    await (await compute.delete('test')).finished()
    expect(await compute.find('test')).toBeUndefined()
  })

  test('deleting what is not there is no failure', async () => {
    await (await compute.delete('test')).finished()
  })

  test('never changes a set that is there when it is to make one', async () => {
    await make(1)
    await expect(compute.create('test', body(5))).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(arm.sets.get('test')?.body.sku.capacity).toBe(1)
  })

  test('aborting stops the waiting and not Azure', async () => {
    arm.hold()
    const operation = await compute.create('test', body(1))
    const stop = new AbortController()
    const enough = new Error('enough')
    const wait = operation.finished({ signal: stop.signal })
    stop.abort(enough)
    await expect(wait).rejects.toBe(enough)
    arm.release()
    while ((await compute.find('test'))?.state !== 'ready') await new Promise((resolve) => setTimeout(resolve, 5))
  })

  test.each(['find', 'instances', 'create'] as const)('aborting a %s rejects with the reason', async (call) => {
    arm.fail({ answer: 'hang' })
    const stop = new AbortController()
    const enough = new Error('enough')
    const signal = { signal: stop.signal }
    const start = () => (call === 'create' ? compute.create('test', body(1), signal) : compute[call]('test', signal))
    const work = start()
    while (arm.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    stop.abort(enough)
    await expect(work).rejects.toBe(enough)
    await expect(start()).rejects.toBe(enough)
    expect(arm.requests).toHaveLength(1)
  })

  test('a request that fails is sent once, and tells when Azure wants to be asked again', async () => {
    arm.fail({
      answer: { status: 429, code: 'TooManyRequests', message: 'slow down' },
      headers: { 'retry-after': '17' },
    })
    await expect(compute.find('test')).rejects.toMatchObject({
      code: 'THROTTLED',
      target: 'test',
      message: 'test: TooManyRequests: slow down',
      retryAfterMs: 17_000,
      azureCode: 'TooManyRequests',
    })
    expect(arm.requests).toHaveLength(1)
  })

  test('a resource group that is missing is a mistake, not an absent set', async () => {
    const elsewhere = connect({ resourceGroup: 'nowhere' })
    await expect(elsewhere.find('test')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      azureCode: 'ResourceGroupNotFound',
    })
    await expect(elsewhere.create('test', body(1))).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })

  test('no answer is UNAVAILABLE', async () => {
    arm.fail({ answer: 'reset' })
    await expect(compute.find('test')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('no credential is FORBIDDEN, and says that it is the credential', async () => {
    const getToken = () =>
      Promise.reject(Object.assign(new Error('please run az login'), { name: 'CredentialUnavailableError' }))
    await expect(connect({ credential: { getToken } }).find('test')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: 'test: no credential to call Azure with: please run az login',
    })
  })

  test('asks for a token of the cloud that it talks to, and sends it', async () => {
    const scopes: unknown[] = []
    const getToken = async (...asked: unknown[]) => {
      scopes.push(asked[0])
      return { token: 'special', expiresOnTimestamp: Date.now() + 3_600_000 }
    }
    await connect({ credential: { getToken } }).find('test')
    expect(scopes).toEqual([[`${arm.cloud.armEndpoint}/.default`]])
    expect(arm.requests[0]?.token).toBe('special')
  })

  test('Azure says how often it wants to be polled', async () => {
    await start({ retryAfterSeconds: 1 })
    compute = connect({ pollMs: 3_600_000 })
    await make(1)
  })

  test('finds the network interface of a controller', async () => {
    const id = await compute.primaryInterfaceOf({ resourceGroup: testResourceGroup, name: 'controller' })
    expect(id).toBe(`${group}/providers/Microsoft.Network/networkInterfaces/controller-nic`)
    await expect(compute.primaryInterfaceOf({ resourceGroup: testResourceGroup, name: 'other' })).rejects.toMatchObject(
      {
        code: 'NOT_FOUND',
        target: 'other',
      },
    )
  })
})

const nic = `/subscriptions/${testSubscription}/resourceGroups/${testResourceGroup}/providers/Microsoft.Network/networkInterfaces/controller-nic`

describe.skipIf(!openssl)('subnetOf', () => {
  let arm: Arm
  beforeEach(async () => {
    arm = await startArm()
  })
  afterEach(() => arm.close())
  const find = (id = nic, options: SubnetOptions = {}) => {
    const { cloud, ca, credential } = arm
    return subnetOf(id, { subscriptionId: testSubscription, credential, cloud, ca }, options)
  }

  test('is the subnet of a network interface', async () => {
    expect(await find()).toBe(testSubnetId)
  })

  test('is its neighbour where that is named', async () => {
    expect(await find(nic, { subnetName: 'render' })).toBe(testSubnetId.replace('/workers', '/render'))
    await expect(find(nic, { subnetName: 'a/b' })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      target: 'subnetName',
    })
  })

  test('of a machine is that of its first network interface', async () => {
    const { cloud, ca, credential } = arm
    const azure = { subscriptionId: testSubscription, credential, cloud, ca }
    const compute = armCompute({ ...azure, resourceGroup: testResourceGroup })
    const controller = { resourceGroup: testResourceGroup, name: 'controller' }
    expect(await machineSubnet(compute, azure, controller)).toBe(testSubnetId)
    await expect(machineSubnet(compute, azure, { ...controller, scaleSet: 'set' })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      target: 'subnetId',
    })
  })

  test('an interface that is missing, forbidden or none at all says so', async () => {
    await expect(find(`${nic}x`)).rejects.toMatchObject({ code: 'NOT_FOUND', target: 'controller-nicx' })
    arm.fail({
      answer: {
        status: 403,
        code: 'AuthorizationFailed',
        message: `no action 'Microsoft.Network/networkInterfaces/read' over scope '${nic}'`,
      },
    })
    await expect(find()).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('assign Reader there'),
    })
    await expect(find('controller-nic')).rejects.toMatchObject({ code: 'OPTION_INVALID', target: 'interfaceId' })
    await expect(find(testSubnetId)).rejects.toMatchObject({ code: 'OPTION_INVALID', target: 'interfaceId' })
  })

  test('aborting rejects with the reason', async () => {
    arm.fail({ answer: 'hang' })
    const stop = new AbortController()
    const enough = new Error('enough')
    const work = find(nic, { signal: stop.signal })
    while (arm.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    stop.abort(enough)
    await expect(work).rejects.toBe(enough)
    await expect(find(nic, { signal: stop.signal })).rejects.toBe(enough)
  })
})

describe.skipIf(!openssl)('azureCredential', () => {
  let arm: Arm
  let imds: InstanceMetadataServer
  const variables = ['AZURE_POD_IDENTITY_AUTHORITY_HOST', 'AZURE_TOKEN_CREDENTIALS']
  beforeAll(async () => {
    arm = await startArm({ allows: (token) => token === 'worker' })
    imds = await startInstanceMetadata({ tokenFor: (_, identity) => (identity === 'id-1' ? 'worker' : undefined) })
    process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] = imds.url
    process.env['AZURE_TOKEN_CREDENTIALS'] = 'ManagedIdentityCredential'
  })
  afterAll(async () => {
    for (const name of variables) delete process.env[name]
    await imds.close()
    await arm.close()
  })

  test("a machine's identity reaches the resource manager with a token of the metadata service", async () => {
    const { cloud, ca } = arm
    const credential = azureCredential({ managedIdentityClientId: 'id-1' })
    const azure = { subscriptionId: testSubscription, resourceGroup: testResourceGroup }
    const compute = armCompute({ ...azure, credential, cloud, ca })
    expect(await compute.find('test')).toBeUndefined()
    expect(arm.requests[0]?.token).toBe('worker')
    expect(imds.requests.some((request) => request.includes(encodeURIComponent(cloud.armEndpoint)))).toBe(true)
  })
})
