/* The ports of this package over Azure's own libraries, which are loaded only from here. */
export type { ArmCompute, ArmComputeOptions, ArmOptions, CredentialOptions, SubnetOptions } from './arm.ts'
export { armCompute, azureCredential, machineSubnet, subnetOf } from './arm.ts'
