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
