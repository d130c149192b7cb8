/* Azure on loopback, for tests of fleets: nothing of it is mocked on this side of the wire. */

export type { ArmFailure } from './arm/operations.ts'
export type { Fault, Permission } from './arm/refusals.ts'
export type { Controller } from './arm/replies.ts'
export type { FakeSet, Machine, MachineHooks, SetBody } from './arm/scale-sets.ts'
export type { Arm, ArmOptions, ArmRequest } from './arm/start-arm.ts'
export { startArm } from './arm/start-arm.ts'
export type { FakeClock } from './fake-clock.ts'
export { fakeClock } from './fake-clock.ts'
export type {
  Announced,
  InstanceMetadataServer,
  InstanceMetadataServerOptions,
  MetadataMachine,
} from './instance-metadata.ts'
export { startInstanceMetadata } from './instance-metadata.ts'
export { aScaleSet, testLocation, testResourceGroup, testSshKey, testSubnetId, testSubscription } from './settings.ts'
export { hasTool } from './tools.ts'
