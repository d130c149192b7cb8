import { expect, test } from 'vitest'

test('exports change only on purpose', async () => {
  expect(Object.keys(await import('./index.ts')).sort()).toEqual([
    'VmssError',
    'clouds',
    'deleteThisMachine',
    'hasAcceleratedNetworking',
    'instanceMetadata',
    'isVmssError',
    'maxCloudInitBytes',
    'nextAction',
    'openScaleSet',
    'ownerTag',
    'parseImage',
    'planScaleSet',
    'resolvePlace',
    'resolveScaleSet',
    'scaleSetBody',
    'scaleSetFleet',
    'ubuntuImage',
    'untilEndNotice',
    'vfxtControllerImage',
    'workerCloudInit',
  ])
})

test('so do those that load the libraries of Azure, and those for tests', async () => {
  expect(Object.keys(await import('./azure/index.ts')).sort()).toEqual([
    'armCompute',
    'azureCredential',
    'machineSubnet',
    'subnetOf',
  ])
  expect(Object.keys(await import('./testing/index.ts')).sort()).toEqual([
    'aScaleSet',
    'fakeClock',
    'hasTool',
    'startArm',
    'startInstanceMetadata',
    'testLocation',
    'testResourceGroup',
    'testSshKey',
    'testSubnetId',
    'testSubscription',
  ])
})
