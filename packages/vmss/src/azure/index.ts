/* The ports of this package over Azure's own libraries, which are loaded only from here. */
export type { ArmCompute, ArmComputeOptions } from './arm-compute.ts'
export { armCompute } from './arm-compute.ts'
export type { SubnetOptions } from './arm-network.ts'
export { machineSubnet, subnetOf } from './arm-network.ts'
export type { ArmOptions } from './client-options.ts'
export type { CredentialOptions } from './credential.ts'
export { azureCredential } from './credential.ts'
