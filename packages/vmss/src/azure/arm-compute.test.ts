import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { scaleSetBody } from '../model.ts'
import { resolveScaleSet } from '../settings.ts'
import {
  type Arm,
  type ArmOptions,
  aScaleSet,
  hasTool,
  startArm,
  testResourceGroup,
  testSubscription,
} from '../testing/index.ts'
import { type ArmCompute, armCompute } from './arm-compute.ts'

const openssl = hasTool('openssl', 'nothing is tested against the resource manager on loopback')
const settings = resolveScaleSet(aScaleSet())
const body = (capacity: number) => scaleSetBody(settings, settings.candidates[0], capacity)

describe.skipIf(!openssl)('armCompute', () => {
  let arm: Arm
  let compute: ArmCompute
  beforeEach(() => start())
  afterEach(() => arm.close())

  async function start(options: ArmOptions = {}): Promise<void> {
    await arm?.close()
    arm = await startArm(options)
    const { cloud, ca, credential } = arm
    compute = armCompute({
      subscriptionId: testSubscription,
      resourceGroup: testResourceGroup,
      credential,
      cloud,
      ca,
      pollMs: 5,
    })
  }

  test('sends exactly the body of the model', async () => {
    const operation = await compute.create('test', body(2))
    expect(arm.requests).toMatchObject([{ method: 'PUT', query: '?api-version=2026-04-01', body: body(2) }])
    expect(arm.requests[0]?.body).toEqual(body(2))
    await operation.finished()
    expect(arm.machines('test')).toMatchObject([{ power: 'running' }, { power: 'running' }])
  })
})
