import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { systemClock } from '@cachewarmer/queue'
import type { Cloud, Image, InstanceMetadata, Place, ScaleSetOptions, WorkerSource } from '@cachewarmer/vmss'
import { type AccessConfig, accessEnvironment } from '../../cli/access-options.ts'
import { decodeText, type Environment, type QueueSettings, readSecretFile, UsageError } from '../../cli/index.ts'
import { bootstrapAssets } from '../bootstrap/assets.ts'
import type { AzureConfig } from './azure-options.ts'

/** The part of the command line that a scale set is made from. */
export interface FleetConfig {
  readonly queue: QueueSettings
  readonly access: AccessConfig
  readonly azure: AzureConfig
  readonly job: { readonly leaseMs: number }
  /** Machines at most. */
  readonly workers: number
}

/** What the vmss package gives for it; loaded only where there is a scale set to be made. */
export type VmssPackage = typeof import('@cachewarmer/vmss')

const orNothing = <Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } =>
  value === undefined || value === '' ? {} : ({ [key]: value } as { [K in Key]?: Value })

/** The cloud that was named, with what was said to be different in it. */
export function cloudOf({ azure, queue }: FleetConfig, vmss: VmssPackage): Cloud {
  const known = vmss.clouds[azure.azureCloud]
  return {
    armEndpoint: azure.azureArmEndpoint?.replace(/\/+$/, '') || known.armEndpoint,
    authorityHost: azure.azureAuthorityHost || known.authorityHost,
    storageSuffix: queue.storageSuffix || known.storageSuffix,
  }
}

/**
 * Everything that the scale set is made from. Throws `UsageError` for what is missing or contradicts, and the vmss
 * package's `OPTION_INVALID` for values that Azure or a machine would not take. Secrets never get into the cloud-init.
 */
export function scaleSetOptions(
  config: FleetConfig,
  place: Place,
  environment: Environment,
  vmss: VmssPackage,
): ScaleSetOptions {
  const { azure } = config
  const [size, ...fallbackSizes] = azure.vmssSizes ?? []
  const prefix = config.queue.queueNamePrefix ?? ''
  const account = queueAccount(config.queue, environment)
  return {
    prefix,
    owner: `${account}/${prefix}`,
    location: place.location,
    subnetId: place.subnetId,
    count: config.workers,
    fallbackSizes,
    priority: azure.vmssPriority,
    allowRegular: azure.vmssAllowRegular,
    ephemeralOsDisk: azure.vmssEphemeralOsDisk,
    cloudInit: cloudInitOf(config, account, environment, vmss),
    ...orNothing('image', imageOf(azure, vmss)),
    ...orNothing('size', size),
    ...orNothing('zones', azure.vmssZones),
    ...orNothing('name', azure.vmssName),
    ...orNothing('maxPrice', azure.vmssMaxPrice),
    ...orNothing('pricePerHour', azure.vmssPricePerHour),
    ...orNothing('maxMachineHours', azure.vmssMaxMachineHours),
    ...orNothing('adminUserName', azure.vmssUserName),
    ...orNothing('sshPublicKey', azure.vmssSshPublicKey),
    ...orNothing('adminPassword', passwordOf(azure)),
    ...orNothing('identityId', azure.vmssIdentity),
    ...orNothing('tags', azure.vmssTag),
  }
}

/** Where the workers are made: as given, else where this machine is. */
export function givenPlace(config: AzureConfig): { readonly [field in keyof Place]?: string | undefined } {
  return {
    subscriptionId: config.azureSubscription,
    resourceGroup: config.azureResourceGroup,
    location: config.azureLocation,
    subnetId: config.vmssSubnetId,
  }
}

export function metadataOf(config: AzureConfig, vmss: VmssPackage): InstanceMetadata {
  return vmss.instanceMetadata({ clock: systemClock, ...orNothing('baseUrl', config.azureMetadataUrl) })
}

/** Names the storage account of the queues, however it was written, so that every manager of a prefix says the same. */
function queueAccount(queue: QueueSettings, environment: Environment): string {
  if (queue.queue) {
    const url = URL.canParse(queue.queue) ? new URL(queue.queue) : undefined
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      throw new UsageError(`--fleet vmss needs queues that its machines can reach, and ${queue.queue} is here alone`)
    }
    return /^([a-z0-9]+)\.queue\./.exec(url.hostname)?.[1] ?? `${url.host}${url.pathname.replace(/\/+$/, '')}`
  }
  if (queue.storageAccountName) return queue.storageAccountName
  const connection = environment['CACHEWARMER_CONNECTION_STRING'] || environment['AZURE_STORAGE_CONNECTION_STRING']
  const [, account] = /(?:^|;)AccountName=([^;]+)/i.exec(connection ?? '') ?? []
  if (account !== undefined) return account
  throw new UsageError('no queue: give --queue https://ACCOUNT.queue.core.windows.net or --storage-account-name')
}

function cloudInitOf(config: FleetConfig, account: string, environment: Environment, vmss: VmssPackage): string {
  const { queue, azure } = config
  return vmss.workerCloudInit({
    source: sourceOf(azure),
    environment: {
      ...(queue.queue ? { CACHEWARMER_QUEUE: queue.queue } : { STORAGE_ACCOUNT: account }),
      QUEUE_PREFIX: queue.queueNamePrefix ?? '',
      ...(queue.storageSuffix ? { CACHEWARMER_STORAGE_SUFFIX: queue.storageSuffix } : {}),
      CACHEWARMER_LEASE_MS: String(config.job.leaseMs),
      CACHEWARMER_AZURE_MACHINE: '1',
      ...(azure.releaseSigner ? { CACHEWARMER_RELEASE_SIGNER: azure.releaseSigner } : {}),
      ...(azure.azureMetadataUrl ? { CACHEWARMER_METADATA_URL: azure.azureMetadataUrl } : {}),
      // The worker's install script gives the service the right to such ports.
      ...(environment['CACHEWARMER_RESERVED_PORTS'] === '1' ? { CACHEWARMER_RESERVED_PORTS: '1' } : {}),
      ...accessEnvironment(config.access),
    },
    ...orNothing('authorities', authoritiesOf(azure, environment)),
    proxy: {
      ...orNothing('http', environment['http_proxy'] || environment['HTTP_PROXY']),
      ...orNothing('https', environment['https_proxy'] || environment['HTTPS_PROXY']),
      ...orNothing('no', environment['no_proxy'] || environment['NO_PROXY']),
    },
    cloud: cloudOf(config, vmss),
    ...orNothing('identityId', azure.vmssIdentity),
    ...orNothing('lifeLimitMs', lifeLimitOf(azure)),
  })
}

const lifeLimitOf = ({ vmssMachineLifeHours: hours }: AzureConfig): number | undefined =>
  hours === undefined ? undefined : Math.round(hours * 3_600_000)

/** Machines trust whom this manager trusts besides the system's authorities. */
function authoritiesOf({ azureCaFile }: AzureConfig, environment: Environment): string | undefined {
  const files = [
    { name: 'NODE_EXTRA_CA_CERTS', file: environment['NODE_EXTRA_CA_CERTS'] },
    { name: '--azure-ca-file', file: azureCaFile },
  ]
  const texts = files.flatMap(({ name, file }) => (file ? [readAuthorities(name, file)] : []))
  return texts.length > 0 ? texts.join('\n') : undefined
}

/** Throws `UsageError` for a file that can't be read. */
export function readAuthorities(name: string, file: string): string {
  try {
    return decodeText(readFileSync(file))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${name} ${file}: ${reason}`, { cause: error })
  }
}

function sourceOf(config: AzureConfig): WorkerSource {
  const { bootstrapMountAddress: address, bootstrapExportPath: exportPath, bootstrapScriptPath: script } = config
  if (address && exportPath && script)
    return { from: 'export', address, exportPath, script, ...orNothing('scriptSha256', expectedSum(config, script)) }
  if (!address && !exportPath && !script && config.vmssImage) return { from: 'image' }
  throw new UsageError(
    'machines need a worker: give --bootstrap-mount-address, --bootstrap-export-path and --bootstrap-script-path, all three, or an --vmss-image with a cachewarmer-worker.service',
  )
}

/** This release's own script is known; another has the sum that its maker names. */
function expectedSum({ bootstrapScriptSha256: given }: AzureConfig, script: string): string | undefined {
  if (given) return given === 'none' ? undefined : given
  const name = 'bootstrap.cachewarmer-worker.sh'
  const own = basename(script) === name ? bootstrapAssets().get(name) : undefined
  return own === undefined ? undefined : createHash('sha256').update(own).digest('hex')
}

function imageOf(config: AzureConfig, vmss: VmssPackage): Image | undefined {
  if (!config.vmssImage) return undefined
  if (config.vmssImage === 'ubuntu') return vmss.ubuntuImage
  if (config.vmssImage === 'vfxt') return vmss.vfxtControllerImage
  return vmss.parseImage(config.vmssImage, { plan: config.vmssImagePlan })
}

function passwordOf(config: AzureConfig): string | undefined {
  if (!config.vmssPasswordFile) return config.vmssPassword
  return readSecretFile('--vmss-password-file', config.vmssPasswordFile)
}
