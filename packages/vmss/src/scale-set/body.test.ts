import { describe, expect, test } from 'vitest'
import { aScaleSet, testSshKey, testSubnetId } from '../testing/settings.ts'
import { planScaleSet, scaleSetBody } from './body.ts'
import { vfxtControllerImage } from './image.ts'
import { resolveScaleSet, type ScaleSetOptions } from './settings.ts'

const body = (given: Partial<ScaleSetOptions> = {}, capacity = 3) => {
  const settings = resolveScaleSet(aScaleSet(given))
  return scaleSetBody(settings, settings.candidates[0], capacity)
}
const profile = (given: Partial<ScaleSetOptions> = {}) => body(given).properties.virtualMachineProfile

describe('scaleSetBody', () => {
  test('is the scale set that the users of the original know', () => {
    expect(body()).toEqual({
      location: 'westeurope',
      tags: { 'cachewarmer-owner': 'test' },
      sku: { name: 'Standard_D2s_v3', tier: 'Standard', capacity: 3 },
      properties: {
        orchestrationMode: 'Uniform',
        overprovision: false,
        singlePlacementGroup: false,
        platformFaultDomainCount: 1,
        upgradePolicy: { mode: 'Manual' },
        virtualMachineProfile: {
          priority: 'Spot',
          evictionPolicy: 'Delete',
          billingProfile: { maxPrice: -1 },
          osProfile: {
            computerNamePrefix: 'cachewarmer-tes',
            adminUsername: 'azureuser',
            customData: 'I2Nsb3VkLWNvbmZpZwpydW5jbWQ6IFtdCg==',
            linuxConfiguration: {
              disablePasswordAuthentication: true,
              provisionVMAgent: true,
              ssh: { publicKeys: [{ path: '/home/azureuser/.ssh/authorized_keys', keyData: testSshKey }] },
            },
          },
          storageProfile: {
            imageReference: { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' },
            osDisk: {
              createOption: 'FromImage',
              caching: 'ReadWrite',
              managedDisk: { storageAccountType: 'StandardSSD_LRS' },
            },
          },
          networkProfile: {
            networkInterfaceConfigurations: [
              {
                name: 'nic',
                properties: {
                  primary: true,
                  enableAcceleratedNetworking: false,
                  ipConfigurations: [{ name: 'ip', properties: { primary: true, subnet: { id: testSubnetId } } }],
                },
              },
            ],
          },
          scheduledEventsProfile: {
            terminateNotificationProfile: { enable: true, notBeforeTimeout: 'PT5M' },
          },
        },
      },
    })
  })

  test('zones are those that were asked for, each once, and the balance between them is not forced', () => {
    const { zones, properties } = body({ zones: ['1', '2', '1'] })
    expect(zones).toEqual(['1', '2'])
    expect(properties).not.toHaveProperty('zoneBalance')
    expect(body()).not.toHaveProperty('zones')
  })

  test('a regular machine is neither evicted nor priced', () => {
    const regular = profile({ priority: 'regular' })
    expect(regular.priority).toBe('Regular')
    expect(regular).not.toHaveProperty('evictionPolicy')
    expect(regular).not.toHaveProperty('billingProfile')
  })

  test('an image of the marketplace brings its plan', () => {
    const { plan, properties } = body({ image: vfxtControllerImage })
    expect(plan).toEqual({ name: 'avere-vfxt-controller', publisher: 'microsoft-avere', product: 'vfxt' })
    expect(properties.virtualMachineProfile.storageProfile.imageReference).toEqual({
      publisher: 'microsoft-avere',
      offer: 'vfxt',
      sku: 'avere-vfxt-controller',
      version: 'latest',
    })
  })

  test("one's own image is named by its id, without a plan", () => {
    const id = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/worker'
    expect(profile({ image: { id } }).storageProfile.imageReference).toEqual({ id })
    expect(body({ image: { id } })).not.toHaveProperty('plan')
  })

  test('a password is set only where there is no key', () => {
    const { sshPublicKey: _, ...rest } = aScaleSet({ adminPassword: 'Correct-Horse-1' })
    const settings = resolveScaleSet(rest)
    const { osProfile } = scaleSetBody(settings, settings.candidates[0], 1).properties.virtualMachineProfile
    expect(osProfile.adminPassword).toBe('Correct-Horse-1')
    expect(osProfile.linuxConfiguration).toEqual({ disablePasswordAuthentication: false, provisionVMAgent: true })
    expect(profile({ adminPassword: 'Correct-Horse-1' }).osProfile).not.toHaveProperty('adminPassword')
  })

  test('an ephemeral disk is local and cached for reading alone', () => {
    expect(profile({ ephemeralOsDisk: true, osDiskGib: 30 }).storageProfile.osDisk).toEqual({
      createOption: 'FromImage',
      caching: 'ReadOnly',
      managedDisk: { storageAccountType: 'Standard_LRS' },
      diffDiskSettings: { option: 'Local' },
      diskSizeGB: 30,
    })
  })

  test('accelerated networking follows the size unless it is set', () => {
    const accelerated = (given: Partial<ScaleSetOptions>) =>
      profile(given).networkProfile.networkInterfaceConfigurations[0].properties.enableAcceleratedNetworking
    expect(accelerated({ size: 'Standard_D4s_v3' })).toBe(true)
    expect(accelerated({ size: 'Standard_D4s_v3', acceleratedNetworking: false })).toBe(false)
    expect(accelerated({ size: 'Standard_D2s_v3', acceleratedNetworking: true })).toBe(true)
  })

  test('an identity is the only one', () => {
    const id = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker'
    expect(body({ identityId: id }).identity).toEqual({ type: 'UserAssigned', userAssignedIdentities: { [id]: {} } })
  })

  test('tags are kept beside the owner, prices and notices as they are set', () => {
    expect(body({ tags: { team: 'lighting' }, owner: 'acct/test' }).tags).toEqual({
      team: 'lighting',
      'cachewarmer-owner': 'acct/test',
    })
    expect(profile({ maxPrice: 0.05 }).billingProfile).toEqual({ maxPrice: 0.05 })
    expect(profile({ terminateNoticeMs: 601_000 }).scheduledEventsProfile.terminateNotificationProfile).toEqual({
      enable: true,
      notBeforeTimeout: 'PT11M',
    })
  })

  test('the cloud-init comes back from base64 as it was, with any characters', () => {
    const cloudInit = '#cloud-config\n# größer\n'
    expect(Buffer.from(profile({ cloudInit }).osProfile.customData, 'base64').toString('utf8')).toBe(cloudInit)
  })

  test('host names begin like the set, in characters that host names have', () => {
    expect(profile({ name: 'farm_a_workers_and_more' }).osProfile.computerNamePrefix).toBe('farm-a-workers')
  })
})

test('a plan is what would be sent', () => {
  const settings = resolveScaleSet(aScaleSet({ count: 4 }))
  expect(planScaleSet(settings)).toEqual({
    name: 'cachewarmer-test',
    body: scaleSetBody(settings, settings.candidates[0], 4),
    cloudInit: settings.cloudInit,
  })
})

test('a plan shows no password', () => {
  const { sshPublicKey: _, ...rest } = aScaleSet({ adminPassword: 'Correct-Horse-1' })
  const plan = planScaleSet(resolveScaleSet(rest))
  expect(JSON.stringify(plan)).not.toContain('Correct-Horse-1')
  expect(plan.body.properties.virtualMachineProfile.osProfile.adminPassword).toBe('***')
})
