import { VmssError } from '../errors.ts'
import type { InstanceMetadata, MachineMetadata } from './instance-metadata.ts'

/** Where a fleet is made. */
export interface Place {
  readonly subscriptionId: string
  readonly resourceGroup: string
  readonly location: string
  readonly subnetId: string
}

export interface PlaceSources {
  readonly metadata: InstanceMetadata
  /** Finds the subnet that a machine is in, as `machineSubnet()` of `./azure` does. */
  readonly subnetOf: (machine: MachineMetadata) => Promise<string>
  readonly signal?: AbortSignal
}

const fields = ['subscriptionId', 'resourceGroup', 'location', 'subnetId'] as const

/**
 * The place that was given, and for what was not, that of the machine this runs on. With everything given no service is
 * asked, so that it works outside of Azure. Throws `OPTION_INVALID` that names every setting that is missing and cannot be found out.
 */
export async function resolvePlace(
  given: { readonly [field in keyof Place]?: string | undefined },
  sources: PlaceSources,
): Promise<Place> {
  const missing = fields.filter((field) => !given[field])
  const machine = missing.length > 0 ? await thisMachine(missing, sources) : undefined
  const place = {
    subscriptionId: given.subscriptionId || machine?.subscriptionId || '',
    resourceGroup: given.resourceGroup || machine?.resourceGroup || '',
    location: given.location || machine?.location || '',
  }
  const subnetId = given.subnetId || (machine ? await sources.subnetOf(machine) : '')
  return { ...place, subnetId }
}

async function thisMachine(missing: readonly string[], { metadata, signal }: PlaceSources): Promise<MachineMetadata> {
  try {
    return await metadata.machine(signal ? { signal } : {})
  } catch (cause) {
    signal?.throwIfAborted()
    const message = `must be given: this machine cannot tell, as ${cause instanceof Error ? cause.message : String(cause)}`
    throw new VmssError('OPTION_INVALID', missing.join(', '), message, { cause })
  }
}

/** Where a cloud of Azure listens. Every address is settable, as private clouds exist too. */
export interface Cloud {
  /** Resource manager, without a slash at the end. */
  readonly armEndpoint: string
  /** Who gives out tokens. */
  readonly authorityHost: string
  /** What follows `<account>.queue.` in a storage address. */
  readonly storageSuffix: string
}

/** The clouds that Azure runs itself, keyed by the `azEnvironment` of instance metadata. */
export const clouds: {
  readonly [name in 'AzurePublicCloud' | 'AzureChinaCloud' | 'AzureUSGovernmentCloud']: Cloud
} = {
  AzurePublicCloud: {
    armEndpoint: 'https://management.azure.com',
    authorityHost: 'https://login.microsoftonline.com',
    storageSuffix: 'core.windows.net',
  },
  AzureChinaCloud: {
    armEndpoint: 'https://management.chinacloudapi.cn',
    authorityHost: 'https://login.chinacloudapi.cn',
    storageSuffix: 'core.chinacloudapi.cn',
  },
  AzureUSGovernmentCloud: {
    armEndpoint: 'https://management.usgovcloudapi.net',
    authorityHost: 'https://login.microsoftonline.us',
    storageSuffix: 'core.usgovcloudapi.net',
  },
}
