import type { ScaleSetOptions } from '../scale-set/settings.ts'

export const testSubscription = '11111111-2222-3333-4444-555555555555'
export const testResourceGroup = 'render'
export const testLocation = 'westeurope'

const group = `/subscriptions/${testSubscription}/resourceGroups/${testResourceGroup}`

export const testSubnetId: string = `${group}/providers/Microsoft.Network/virtualNetworks/net/subnets/workers`

/** A public key whose private key does not exist. */
export const testSshKey: string = `ssh-ed25519 ${'AAAAC3NzaC1lZDI1NTE5'.padEnd(68, 'A')} test`

/** Options that `resolveScaleSet()` takes and that fit what `startArm()` knows; each can be given another value. */
export const aScaleSet = (given: Partial<ScaleSetOptions> = {}): ScaleSetOptions => ({
  prefix: 'test',
  location: testLocation,
  subnetId: testSubnetId,
  sshPublicKey: testSshKey,
  cloudInit: '#cloud-config\nruncmd: []\n',
  ...given,
})
