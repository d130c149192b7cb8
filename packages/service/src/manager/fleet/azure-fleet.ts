import type { Clock, Logger } from '@cachewarmer/queue'
import type { Cloud, ScaleSet, ScaleSetSettings } from '@cachewarmer/vmss'
import { type Environment, UnavailableError, UsageError } from '../../cli/index.ts'
import type { Fleet } from '../ports.ts'
import type { AzureConfig } from './azure-options.ts'
import {
  cloudOf,
  type FleetConfig,
  givenPlace,
  metadataOf,
  readAuthorities,
  scaleSetOptions,
  type VmssPackage,
} from './azure-settings.ts'

export interface AzureFleetPorts {
  readonly clock: Clock
  readonly logger: Logger
  readonly environment: Environment
  /** Ends the waiting for Azure when the manager stops: what Azure was asked to delete, it deletes. */
  readonly hurry: AbortSignal
}

/** The scale set that the settings speak of, found out and checked, and the way to Azure. */
interface Resolved {
  readonly vmss: VmssPackage
  readonly settings: ScaleSetSettings
  readonly subscriptionId: string
  readonly resourceGroup: string
  readonly cloud: Cloud
}

/**
 * Resolves everything that was not given. Azure's libraries are loaded here, so that other fleets never wait for them.
 * With `patience` a machine that has just booted is asked again for minutes; what it can't tell then is `UnavailableError`,
 * after which a service is started again, and not `UsageError`, after which it stays down.
 */
export async function resolveFleet(
  config: FleetConfig,
  environment: Environment,
  patience?: { readonly clock: Clock; readonly logger: Logger; readonly signal: AbortSignal },
): Promise<Resolved> {
  const vmss = await import('@cachewarmer/vmss')
  try {
    const cloud = cloudOf(config, vmss)
    const place = await vmss.resolvePlace(givenPlace(config.azure), {
      metadata: metadataOf(config.azure, vmss),
      subnetOf: async (machine) => {
        const { armCompute, machineSubnet } = await azureLibraries()
        const { subscriptionId, resourceGroup } = { ...machine, ...given(config.azure) }
        const arm = { ...(await access(config.azure, cloud)), subscriptionId, resourceGroup }
        return machineSubnet(armCompute(arm), arm, machine, subnetName(config.azure))
      },
      ...(patience === undefined ? {} : { patience, signal: patience.signal }),
    })
    const settings = vmss.resolveScaleSet(scaleSetOptions(config, place, environment, vmss))
    return { vmss, settings, subscriptionId: place.subscriptionId, resourceGroup: place.resourceGroup, cloud }
  } catch (error) {
    // What Azure refuses to tell can be given by option, like any wrong value.
    if (!vmss.isVmssError(error)) throw error
    const isOutage = error.code === 'UNAVAILABLE' || error.code === 'THROTTLED'
    throw new (isOutage ? UnavailableError : UsageError)(error.message, { cause: error })
  }
}

/**
 * Looks at the settings of a scale set without asking Azure: an example stands for the place where it is not given. Throws
 * `UsageError` for what is missing, contradicts, or would be refused.
 */
export async function checkFleet(config: FleetConfig, environment: Environment): Promise<void> {
  const vmss = await import('@cachewarmer/vmss')
  const example = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/workers'
  const { subscriptionId, resourceGroup, location, subnetId } = givenPlace(config.azure)
  const place = {
    subscriptionId: subscriptionId || 's',
    resourceGroup: resourceGroup || 'g',
    location: location || 'westeurope',
    subnetId: subnetId || example,
  }
  try {
    vmss.resolveScaleSet(scaleSetOptions(config, place, environment, vmss))
  } catch (error) {
    throw vmss.isVmssError(error) ? new UsageError(error.message, { cause: error }) : error
  }
}

/** Opens the fleet of `--fleet vmss`. Nothing is made before work is there. */
export async function openAzureFleet(
  config: FleetConfig & { readonly job: { readonly idleMs: number } },
  ports: AzureFleetPorts,
): Promise<Fleet> {
  const { vmss, settings, subscriptionId, resourceGroup, cloud } = await resolveFleet(config, ports.environment, {
    ...ports,
    signal: ports.hurry,
  })
  const { armCompute } = await azureLibraries()
  const compute = armCompute({ ...(await access(config.azure, cloud)), subscriptionId, resourceGroup })
  const { clock, logger, hurry } = ports
  if (settings.identityId === undefined)
    logger.warn('no --vmss-identity: workers reach the queues only with what their image or start script gives them')
  logger.info('the fleet is a scale set', { scaleSet: settings.name, resourceGroup, machines: settings.count })
  return scaleSetOfLeader(vmss, vmss.openScaleSet(compute, settings, { clock, logger }), {
    clock,
    logger,
    hurry,
    graceMs: config.job.idleMs,
  })
}

/**
 * A manager that never led never wanted anything, and leaves the set to the leader. A leader that has just started keeps what
 * an earlier one left behind until it knows what there is to do: its runs resume, and need the machines.
 */
export function scaleSetOfLeader(
  vmss: VmssPackage,
  scaleSet: ScaleSet,
  given: { clock: Clock; logger: Logger; hurry: AbortSignal; graceMs: number },
): Fleet {
  const { clock, logger, hurry, graceMs } = given
  const fleet = vmss.scaleSetFleet(scaleSet, { signal: hurry })
  let askedAtMs: number | undefined
  let begun = false
  return {
    want: (workers, working = []) => {
      askedAtMs ??= clock.now()
      begun ||= workers > 0 || clock.now() - askedAtMs >= graceMs
      if (begun) fleet.want(workers, working)
    },
    observe: () => fleet.observe(),
    stop: async () => {
      if (askedAtMs === undefined) return scaleSet.close()
      try {
        await fleet.stop()
      } catch (error) {
        if (!hurry.aborted && !vmss.isVmssError(error)) throw error
        logger.error('the scale set may still be there', { error: String(error) })
      }
    },
  }
}

/** Loads Azure's own libraries, optional peers of the packages that are no program. Throws `UsageError` naming them. */
async function azureLibraries(): Promise<typeof import('@cachewarmer/vmss/azure')> {
  try {
    return await import('@cachewarmer/vmss/azure')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    const hint = 'npm install @azure/arm-compute @azure/arm-network @azure/identity'
    throw new UsageError(`a scale set needs packages that are not installed: ${hint}`, { cause: error })
  }
}

const given = (config: AzureConfig): { subscriptionId?: string; resourceGroup?: string } => ({
  ...(config.azureSubscription ? { subscriptionId: config.azureSubscription } : {}),
  ...(config.azureResourceGroup ? { resourceGroup: config.azureResourceGroup } : {}),
})

const subnetName = (config: AzureConfig): { subnetName?: string } =>
  config.vmssSubnetName ? { subnetName: config.vmssSubnetName } : {}

async function access(config: AzureConfig, cloud: Cloud) {
  const { azureCredential } = await azureLibraries()
  const identity = config.azureClientId ? { managedIdentityClientId: config.azureClientId } : {}
  return {
    credential: azureCredential({ cloud, ...identity }),
    cloud,
    ...(config.azureCaFile ? { ca: readAuthorities('--azure-ca-file', config.azureCaFile) } : {}),
  }
}
