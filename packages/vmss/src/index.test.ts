import { expect, test } from 'vitest'

test('exports change only on purpose', async () => {
  expect(Object.keys(await import('./index.ts')).sort()).toEqual([
    'VmssError',
    'clouds',
    'hasAcceleratedNetworking',
    'isVmssError',
    'maxCloudInitBytes',
    'ownerTag',
    'parseImage',
    'resolveScaleSet',
    'scaleSetBody',
    'ubuntuImage',
    'vfxtControllerImage',
    'workerCloudInit',
  ])
})
