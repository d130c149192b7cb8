import { DefaultAzureCredential, type TokenCredential } from '@azure/identity'
import { type Cloud, clouds } from '../clouds.ts'

export interface CredentialOptions {
  /** Default: the public cloud. */
  readonly cloud?: Cloud
  /** Of a user-assigned identity, where a machine has several. */
  readonly managedIdentityClientId?: string
}

/** Environment, managed identity, command line tools: the first that has something, as `DefaultAzureCredential` looks. */
export function azureCredential(options: CredentialOptions = {}): TokenCredential {
  const { cloud = clouds.AzurePublicCloud, managedIdentityClientId } = options
  return new DefaultAzureCredential({
    authorityHost: cloud.authorityHost,
    // The public cloud knows nothing of private ones, and may be out of reach: it is not asked about their authorities.
    disableInstanceDiscovery: !Object.values(clouds).some(({ authorityHost }) => authorityHost === cloud.authorityHost),
    ...(managedIdentityClientId === undefined ? {} : { managedIdentityClientId }),
  })
}
