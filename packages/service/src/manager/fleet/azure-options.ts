import { InvalidArgumentError, Option } from '@commander-js/extra-typings'

const positive = (text: string): number => {
  const value = Number(text)
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) throw new InvalidArgumentError('expected a number above 0')
  return value
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

const tag = (text: string, before: Readonly<Record<string, string>> | undefined): Record<string, string> => {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('expected name=value')
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}

const cloudNames = ['AzurePublicCloud', 'AzureChinaCloud', 'AzureUSGovernmentCloud'] as const

/** The options of `--fleet vmss`. Environment variables without `AZURE_` or `CACHEWARMER_` in front are the original's. */
export const azureOptions = {
  bootstrapAddress: new Option(
    '--bootstrap-mount-address <address>',
    'NFS server of the bootstrap export, from which machines get their worker; without it the image holds the worker',
  ).env('BOOTSTRAP_MOUNT_ADDRESS'),
  bootstrapExport: new Option('--bootstrap-export-path <path>', 'the bootstrap export').env('BOOTSTRAP_EXPORT_PATH'),
  bootstrapScript: new Option(
    '--bootstrap-script-path <path>',
    "the worker's start script, relative to the bootstrap export",
  ).env('BOOTSTRAP_SCRIPT'),
  bootstrapScriptSha256: new Option(
    '--bootstrap-script-sha256 <sum>',
    "sha256 that machines expect of the worker's script, and run no other; none: any script (default: that of this release's bootstrap.cachewarmer-worker.sh, for a script of this name)",
  )
    .argParser((text) => {
      if (text === 'none' || /^[0-9a-f]{64}$/.test(text)) return text
      throw new InvalidArgumentError('expected 64 hexadecimal digits in lower case, or none')
    })
    .env('BOOTSTRAP_SCRIPT_SHA256'),
  releaseSigner: new Option(
    '--release-signer <key>',
    "public key of OpenSSH, one line, by which the bootstrap export's SHA256SUMS has to be signed; machines install nothing else",
  )
    .argParser((text) => {
      if (/^(ssh|sk-ssh|ecdsa|sk-ecdsa)[a-z0-9@.-]* [A-Za-z0-9+/]+=*( [\x20-\x26\x28-\x7e]*)?$/.test(text.trim()))
        return text.trim()
      throw new InvalidArgumentError('expected one line of an OpenSSH public key file')
    })
    .env('CACHEWARMER_RELEASE_SIGNER'),
  userName: new Option('--vmss-user-name <name>', 'account on the machines (default: azureuser)').env('VMSS_USERNAME'),
  sshPublicKey: new Option('--vmss-ssh-public-key <key>', 'one line of an OpenSSH public key file').env(
    'VMSS_SSHPUBLICKEY',
  ),
  passwordFile: new Option(
    '--vmss-password-file <file>',
    'file that holds the password of the account (keep it mode 0600); else VMSS_PASSWORD; a key wins',
  ).env('VMSS_PASSWORD_FILE'),
  passwordInArguments: new Option('--vmss-password <password>', 'shown to everybody by ps; use VMSS_PASSWORD')
    .env('VMSS_PASSWORD')
    .hideHelp(),
  subnetName: new Option(
    '--vmss-subnet-name <name>',
    "another subnet of this machine's network (default: the subnet of this machine)",
  ).env('VMSS_SUBNET'),
  subnetId: new Option('--vmss-subnet-id <id>', 'resource id of the subnet; needed outside of Azure').env(
    'CACHEWARMER_SUBNET_ID',
  ),
  name: new Option('--vmss-name <name>', 'name of the scale set (default: cachewarmer-PREFIX)').env(
    'CACHEWARMER_VMSS_NAME',
  ),
  sizes: new Option(
    '--vmss-sizes <sizes>',
    'machine sizes, comma separated; the next is tried while Azure has none of the first (default: Standard_D2s_v3)',
  )
    .argParser(list)
    .env('CACHEWARMER_VMSS_SIZES'),
  zones: new Option(
    '--vmss-zones <zones>',
    'availability zones, such as 1,2,3 (default: none, so that Azure takes machines wherever it has them)',
  )
    .argParser(list)
    .env('CACHEWARMER_VMSS_ZONES'),
  image: new Option(
    '--vmss-image <image>',
    'ubuntu, vfxt (the controller of Avere vFXT), publisher:offer:sku:version, or a resource id (default: ubuntu)',
  ).env('CACHEWARMER_VMSS_IMAGE'),
  imagePlan: new Option('--vmss-image-plan', 'the image is one of the marketplace, with a plan').default(false),
  priority: new Option(
    '--vmss-priority <priority>',
    'spot: cheap machines that Azure may take back at any time; regular: at full price',
  )
    .choices(['spot', 'regular'] as const)
    .default('spot' as const),
  allowRegular: new Option(
    '--vmss-allow-regular',
    'machines at full price while Azure has no Spot machine of any size',
  ).default(false),
  maxPrice: new Option(
    '--vmss-max-price <dollars>',
    'US dollars an hour at most for a Spot machine (default: what a regular one costs)',
  ).argParser(positive),
  pricePerHour: new Option(
    '--vmss-price-per-hour <dollars>',
    'US dollars that an hour of a machine costs, for the cost that status and report show (default: at most --vmss-max-price)',
  )
    .argParser(positive)
    .env('CACHEWARMER_VMSS_PRICE_PER_HOUR'),
  maxHours: new Option(
    '--vmss-max-machine-hours <hours>',
    'machine hours from the first machine of a stretch of work to its last; then the machines go (default: no limit)',
  ).argParser(positive),
  lifeHours: new Option(
    '--vmss-machine-life-hours <hours>',
    'age at which a machine deletes itself by a timer of its own, whatever becomes of manager and worker (default: 24)',
  )
    .argParser(positive)
    .env('CACHEWARMER_VMSS_LIFE_HOURS'),
  identity: new Option(
    '--vmss-identity <id>',
    'resource id of the user-assigned identity that workers reach the queues with, and delete their machine with',
  ).env('CACHEWARMER_WORKER_IDENTITY'),
  ephemeral: new Option('--vmss-ephemeral-os-disk', "system disks on the machine's host").default(false),
  tags: new Option('--vmss-tag <name=value>', 'a tag of the scale set; repeat it for more').argParser(tag),
  subscription: new Option('--azure-subscription <id>', "default: this machine's").env('AZURE_SUBSCRIPTION_ID'),
  resourceGroup: new Option('--azure-resource-group <name>', "default: this machine's").env('AZURE_RESOURCE_GROUP'),
  location: new Option('--azure-location <region>', "default: this machine's").env('AZURE_LOCATION'),
  cloud: new Option('--azure-cloud <name>', 'which of the clouds that Azure runs')
    .choices(cloudNames)
    .default('AzurePublicCloud' as const)
    .env('AZURE_CLOUD'),
  armEndpoint: new Option('--azure-arm-endpoint <url>', 'resource manager of another cloud').env('AZURE_ARM_ENDPOINT'),
  authorityHost: new Option('--azure-authority-host <url>', 'who gives out tokens in another cloud').env(
    'AZURE_AUTHORITY_HOST',
  ),
  caFile: new Option('--azure-ca-file <file>', "PEM of an authority to trust besides the system's").env(
    'AZURE_CA_FILE',
  ),
  clientId: new Option('--azure-client-id <id>', 'of the identity of this manager, where its machine has several').env(
    'AZURE_CLIENT_ID',
  ),
  metadataUrl: new Option('--azure-metadata-url <url>', 'where the instance metadata service is')
    .env('CACHEWARMER_METADATA_URL')
    .hideHelp(),
}

/** What the options above give; each is as it was typed. */
export interface AzureConfig {
  bootstrapMountAddress?: string | undefined
  bootstrapExportPath?: string | undefined
  bootstrapScriptPath?: string | undefined
  bootstrapScriptSha256?: string | undefined
  releaseSigner?: string | undefined
  vmssUserName?: string | undefined
  vmssSshPublicKey?: string | undefined
  vmssPasswordFile?: string | undefined
  vmssPassword?: string | undefined
  vmssSubnetName?: string | undefined
  vmssSubnetId?: string | undefined
  vmssName?: string | undefined
  vmssSizes?: string[] | undefined
  vmssZones?: string[] | undefined
  vmssImage?: string | undefined
  vmssImagePlan: boolean
  vmssPriority: 'spot' | 'regular'
  vmssAllowRegular: boolean
  vmssMaxPrice?: number | undefined
  vmssPricePerHour?: number | undefined
  vmssMaxMachineHours?: number | undefined
  vmssMachineLifeHours?: number | undefined
  vmssIdentity?: string | undefined
  vmssEphemeralOsDisk: boolean
  vmssTag?: Record<string, string> | undefined
  azureSubscription?: string | undefined
  azureResourceGroup?: string | undefined
  azureLocation?: string | undefined
  azureCloud: (typeof cloudNames)[number]
  azureArmEndpoint?: string | undefined
  azureAuthorityHost?: string | undefined
  azureCaFile?: string | undefined
  azureClientId?: string | undefined
  azureMetadataUrl?: string | undefined
}

/** The original's options for its machines, as they are called today. */
export const legacyAzureFlags = {
  bootstrapMountAddress: '--bootstrap-mount-address',
  bootstrapExportPath: '--bootstrap-export-path',
  bootstrapScriptPath: '--bootstrap-script-path',
  vmssUserName: '--vmss-user-name',
  vmssPassword: '--vmss-password',
  vmssSshPublicKey: '--vmss-ssh-public-key',
  vmssSubnetName: '--vmss-subnet-name',
  workerCount: '--workers',
} as const

/** Whether options of a scale set's machines are given, as the original's command lines do without naming a fleet. */
export const speaksOfMachines = (config: AzureConfig): boolean =>
  [
    config.bootstrapMountAddress,
    config.vmssUserName,
    config.vmssSshPublicKey,
    config.vmssPassword,
    config.vmssSubnetName,
  ].some((given) => given !== undefined && given !== '')
