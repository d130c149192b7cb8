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
    ...(managedIdentityClientId === undefined ? {} : { managedIdentityClientId }),
  })
}
