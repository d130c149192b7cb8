import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Arm,
  hasTool,
  type InstanceMetadataServer,
  startArm,
  startInstanceMetadata,
  testResourceGroup,
  testSubscription,
} from '../testing/index.ts'
import { armCompute } from './arm-compute.ts'
import { azureCredential } from './credential.ts'

const openssl = hasTool('openssl', 'credentials are not tested against the resource manager on loopback')

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
