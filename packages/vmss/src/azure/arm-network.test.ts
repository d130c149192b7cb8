import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Arm, hasTool, startArm, testResourceGroup, testSubnetId, testSubscription } from '../testing/index.ts'
import { armCompute } from './arm-compute.ts'
import { machineSubnet, type SubnetOptions, subnetOf } from './arm-network.ts'

const openssl = hasTool('openssl', 'the network SDK is not tested against the resource manager on loopback')
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
