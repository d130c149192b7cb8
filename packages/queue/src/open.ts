import type { AzureAccess } from './azure/access.ts'
import { optionInvalid } from './port/check.ts'
import { type Clock, systemClock } from './port/clock.ts'
import { QueueError } from './port/errors.ts'
import type { QueueService } from './port/queue.ts'

export interface IdentityOptions {
  /** Client id of a managed identity, where a machine has several. Default: `AZURE_CLIENT_ID`, else its only one. */
  readonly clientId?: string | undefined
  /** Who gives out tokens, in clouds other than the public one. Default: `AZURE_AUTHORITY_HOST`, else the public cloud's. */
  readonly authorityHost?: string | undefined
}

/** The secrets are for Azure alone; SQLite takes no notice of them. */
export interface OpenOptions extends Omit<AzureAccess, 'url'> {
  /** Which identity is looked for where there is no secret. Default: the one that `DefaultAzureCredential` finds. */
  readonly identity?: IdentityOptions | undefined
  /** Default: the system's. */
  readonly clock?: Clock | undefined
  /** For `sqlite:`, see `SqliteOptions`. */
  readonly trustFilesystem?: boolean | undefined
}

const expected = '"sqlite:FILE", the http or https URL of a storage account, or "azure:connection-string"'

/**
 * Opens the service that `url` names, loading no other driver:
 *
 * - `sqlite:FILE`, a path after the colon, taken as it stands
 * - `https://ACCOUNT.queue.core.windows.net`, or the URL of any other cloud or emulator, with one of `accountKey`, `sas`,
 *   `credential`; with none of them, the identity that `DefaultAzureCredential` finds (managed identity, `az login`, …)
 * - `azure:connection-string`, or no URL at all, with `connectionString`
 *
 * Calls are tried once: wrap the service with `withRetry`. Throws `OPTION_INVALID` for what it cannot open, without
 * repeating a secret; an optional package that is not installed is named.
 */
export async function openService(url: string | undefined, options: OpenOptions = {}): Promise<QueueService> {
  const { clock = systemClock, trustFilesystem, identity, ...access } = options
  if (url?.startsWith('sqlite:')) {
    const { openSqliteService } = await import('./sqlite/index.ts')
    return openSqliteService({ file: url.slice('sqlite:'.length), clock, trustFilesystem })
  }
  if (url === undefined || url === 'azure:connection-string') {
    if (access.connectionString !== undefined) return openAzure(access, clock)
    if (url === undefined) throw optionInvalid('service', 'url', url, `${expected}, unless there is a connectionString`)
    throw new QueueError('OPTION_INVALID', 'service', 'connectionString must be given with azure:connection-string')
  }
  if (url.startsWith('memory:'))
    throw optionInvalid('service', 'url', url, `${expected}; memoryService() is for one program alone`)
  if (/^https?:/i.test(url)) return openAzure(await withIdentity({ ...access, url }, identity), clock)
  // What stands there may be a connection string in the wrong place, so only its beginning is shown.
  throw optionInvalid('service', 'url', /^[a-z]*:?/i.exec(url)?.[0], expected)
}

/** Without any secret of its own, an https URL is opened by the identity of the machine or the person. */
async function withIdentity(
  access: AzureAccess & { readonly url: string },
  { clientId, authorityHost }: IdentityOptions = {},
): Promise<AzureAccess> {
  const given = access.accountKey ?? access.sas ?? access.credential ?? access.connectionString
  const hasQuery = access.url.includes('?')
  if (given !== undefined || hasQuery || !/^https:/i.test(access.url)) return access
  const { DefaultAzureCredential } = await load(() => import('@azure/identity'))
  const credential = new DefaultAzureCredential({
    ...(clientId ? { managedIdentityClientId: clientId } : {}),
    // The public cloud knows nothing of private ones, and may be out of reach: it is not asked about this authority.
    ...(authorityHost ? { authorityHost, disableInstanceDiscovery: true } : {}),
  })
  return { ...access, credential }
}

async function openAzure(access: AzureAccess, clock: Clock): Promise<QueueService> {
  const { openAzureService } = await load(() => import('./azure/index.ts'))
  return openAzureService({ ...access, clock })
}

/** Azure's own libraries are optional peers, loaded when a queue of Azure is opened. Where they are missing, both are named. */
async function load<T>(module: () => Promise<T>): Promise<T> {
  try {
    return await module()
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error
    const hint = 'npm install @azure/storage-queue @azure/identity'
    throw new QueueError(
      'OPTION_INVALID',
      'service',
      `Azure Storage Queues need packages that are not installed: ${hint}`,
      {
        cause: error,
      },
    )
  }
}
