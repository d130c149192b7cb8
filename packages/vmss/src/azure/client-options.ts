import { rootCertificates } from 'node:tls'
import type { TokenCredential } from '@azure/identity'
import { type Cloud, clouds } from '../clouds.ts'

/** What every client of Azure's resource manager is made from. */
export interface ArmOptions {
  readonly subscriptionId: string
  readonly credential: TokenCredential
  /** Default: the public cloud. */
  readonly cloud?: Cloud
  /** PEM of an authority to trust besides the system's, for private clouds and tests. */
  readonly ca?: string
}

export interface ClientOptions {
  readonly endpoint: string
  readonly credentials: { readonly scopes: string[] }
  readonly retryOptions: { readonly maxRetries: number }
  readonly tlsOptions?: { readonly ca: string[] }
}

/** Nothing is tried again inside the SDK: who calls knows the clock, and what else to do meanwhile. */
export function clientOptions({ cloud = clouds.AzurePublicCloud, ca }: ArmOptions): ClientOptions {
  return {
    endpoint: cloud.armEndpoint,
    credentials: { scopes: [`${cloud.armEndpoint}/.default`] },
    retryOptions: { maxRetries: 0 },
    ...(ca === undefined ? {} : { tlsOptions: { ca: [...rootCertificates, ca] } }),
  }
}
