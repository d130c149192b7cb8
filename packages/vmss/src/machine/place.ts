import { type Clock, type Logger, silentLogger, sleep } from '@cachewarmer/queue'
import { isVmssError, VmssError } from '../errors.ts'
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
  readonly signal?: AbortSignal | undefined
  /** For a service that starts with its machine: what does not answer yet is asked again. Default: asked once. */
  readonly patience?: Patience | undefined
}

export interface Patience {
  readonly clock: Clock
  readonly logger?: Logger | undefined
  /** How long to ask again, in milliseconds; the last answer counts. Default 300,000. */
  readonly forMs?: number | undefined
}

const firstPauseMs = 1_000
const longestPauseMs = 30_000

const fields = ['subscriptionId', 'resourceGroup', 'location', 'subnetId'] as const

/**
 * The place that was given, and for what was not, that of the machine this runs on. With everything given no service is
 * asked, so that it works outside of Azure. With `patience` a service that does not answer, throttles, or does not know a
 * new role yet is asked again. Throws `OPTION_INVALID` that names every setting that is missing and cannot be found out;
 * after patience `UNAVAILABLE`, as a later start may find out what this one could not.
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
  const subnetId = given.subnetId || (machine ? await patiently(sources, () => sources.subnetOf(machine)) : '')
  return { ...place, subnetId }
}

/** A machine that has just booted: no route, 429, 410 and 5xx pass, and so does the wait for a new role. */
const passes = (error: unknown): error is VmssError =>
  isVmssError(error) && (error.code === 'UNAVAILABLE' || error.code === 'THROTTLED' || error.code === 'FORBIDDEN')

async function patiently<T>({ patience, signal }: PlaceSources, ask: () => Promise<T>): Promise<T> {
  if (patience === undefined) return ask()
  const { clock, logger = silentLogger, forMs = 300_000 } = patience
  const endMs = clock.now() + forMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    try {
      return await ask()
    } catch (error) {
      signal?.throwIfAborted()
      if (!passes(error)) throw error
      const waitMs = Math.max(pauseMs, error.retryAfterMs ?? 0)
      if (clock.now() + waitMs > endMs) {
        const message = `${error.message}; asked for ${Math.round(forMs / 1000)} s`
        throw new VmssError('UNAVAILABLE', 'the place of the machines', message, { cause: error })
      }
      logger.warn('the place of the machines cannot be told yet', { error: error.message, waitMs })
      await sleep(clock, waitMs, signal)
    }
  }
}

async function thisMachine(missing: readonly string[], sources: PlaceSources): Promise<MachineMetadata> {
  const { metadata, signal } = sources
  try {
    return await patiently(sources, () => metadata.machine(signal ? { signal } : {}))
  } catch (cause) {
    signal?.throwIfAborted()
    if (sources.patience !== undefined && passes(cause)) throw cause
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
