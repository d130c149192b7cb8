/* Azure on loopback, for tests of fleets: nothing of it is mocked on this side of the wire. */
export type { Fault } from './arm/faults.ts'
export type { Machine, MachineHooks } from './arm/machines.ts'
export type { Controller } from './arm/network-routes.ts'
export type { ArmFailure } from './arm/operations.ts'
export type { Permission } from './arm/permissions.ts'
export type { FakeSet, SetBody } from './arm/scale-sets.ts'
export type { Arm, ArmOptions, ArmRequest } from './arm/start-arm.ts'
export { startArm } from './arm/start-arm.ts'
export type { FakeClock } from './fake-clock.ts'
export { fakeClock } from './fake-clock.ts'
export type {
  Announced,
  InstanceMetadataServer,
  InstanceMetadataServerOptions,
  MetadataMachine,
} from './metadata/start-instance-metadata.ts'
export { startInstanceMetadata } from './metadata/start-instance-metadata.ts'
export { aScaleSet, testLocation, testResourceGroup, testSshKey, testSubnetId, testSubscription } from './settings.ts'
export { hasTool } from './tools.ts'
