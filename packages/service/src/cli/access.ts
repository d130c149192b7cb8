import { isFileQueue } from './address-rules.ts'
import { UsageError } from './errors.ts'
import { readSecretFile } from './secret-file.ts'

/** What `queueOptions` gives. An empty text counts as absent, as unit files have it. */
export interface QueueSettings {
  queue?: string | undefined
  queueNamePrefix?: string | undefined
  storageAccountName?: string | undefined
  storageSuffix?: string | undefined
  storageKeyFile?: string | undefined
  storageKey?: string | undefined
  /** Who gives out tokens, and to which of a machine's identities, where the program has options for it. */
  azureAuthorityHost?: string | undefined
  azureClientId?: string | undefined
}

/** The part of `process.env` that holds secrets; handed in by the binary. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A place, and at most one way to be let in. Without any, an identity is looked for. */
export interface QueueAccess {
  readonly url: string
  readonly connectionString?: string
  readonly accountKey?: string
  readonly sas?: string
  /** Which identity is looked for, where nothing of the above lets in. */
  readonly identity?: { readonly clientId?: string; readonly authorityHost?: string }
}

/**
 * Where the queues are, and with which secret. The place is `--queue`, else `--storage-account-name`, else the account
 * of a connection string. The first secret of these counts: one in the URL, `--storage-key`, `--storage-key-file`,
 * CACHEWARMER_STORAGE_SAS, STORAGE_KEY, AZURE_STORAGE_KEY. Throws `UsageError` for no place, or a file that can't
 * be read or that other users can (`readSecretFile`).
 */
export function queueAccess(settings: QueueSettings, environment: Environment): QueueAccess {
  const url = settings.queue || accountUrl(settings)
  if (url !== undefined) return { url, ...secret(url, settings, environment) }
  const connectionString =
    environment['CACHEWARMER_CONNECTION_STRING'] || environment['AZURE_STORAGE_CONNECTION_STRING']
  if (connectionString) return { url: 'azure:connection-string', connectionString }
  throw new UsageError(
    'no queue: give --queue sqlite:FILE or --queue https://ACCOUNT.queue.core.windows.net (or set CACHEWARMER_QUEUE, or a connection string in AZURE_STORAGE_CONNECTION_STRING)',
  )
}

function accountUrl({ storageAccountName, storageSuffix }: QueueSettings): string | undefined {
  if (!storageAccountName) return undefined
  if (!/^[a-z0-9]{3,24}$/.test(storageAccountName)) {
    const shown = JSON.stringify(storageAccountName)
    throw new UsageError(`--storage-account-name: expected 3 to 24 lowercase letters and digits, got ${shown}`)
  }
  return `https://${storageAccountName}.queue.${storageSuffix || 'core.windows.net'}`
}

function secret(url: string, settings: QueueSettings, environment: Environment): Omit<QueueAccess, 'url'> {
  if (!/^https?:/i.test(url) || url.includes('?')) return {}
  if (settings.storageKey) return { accountKey: settings.storageKey }
  if (settings.storageKeyFile) return { accountKey: readSecretFile('--storage-key-file', settings.storageKeyFile) }
  const sas = environment['CACHEWARMER_STORAGE_SAS']
  if (sas) return { sas }
  const accountKey = environment['STORAGE_KEY'] || environment['AZURE_STORAGE_KEY']
  return accountKey ? { accountKey } : identity(settings)
}

/** What Azure's libraries look for, where there is neither key nor signature. */
const identityVariables = [
  'AZURE_CLIENT_ID',
  'AZURE_TENANT_ID',
  'AZURE_CLIENT_SECRET',
  'AZURE_CLIENT_CERTIFICATE_PATH',
  'AZURE_CLIENT_CERTIFICATE_PASSWORD',
  'AZURE_CLIENT_SEND_CERTIFICATE_CHAIN',
  'AZURE_FEDERATED_TOKEN_FILE',
  'AZURE_AUTHORITY_HOST',
  'AZURE_TOKEN_CREDENTIALS',
  'AZURE_POD_IDENTITY_AUTHORITY_HOST',
  'AZURE_CONFIG_DIR',
  'IDENTITY_ENDPOINT',
  'IDENTITY_HEADER',
  'IDENTITY_SERVER_THUMBPRINT',
  'IMDS_ENDPOINT',
  'MSI_ENDPOINT',
  'MSI_SECRET',
]

/** Names of the variables from which `queueAccess` takes the secret for these queues, and no others. */
export function queueVariables(settings: QueueSettings, environment: Environment): readonly string[] {
  const first = (...names: readonly string[]): readonly string[] =>
    names.filter((name) => environment[name]).slice(0, 1)
  const url = settings.queue || settings.storageAccountName
  if (!url) return first('CACHEWARMER_CONNECTION_STRING', 'AZURE_STORAGE_CONNECTION_STRING')
  if (isFileQueue(url) || url.includes('?') || settings.storageKey || settings.storageKeyFile) return []
  const found = first('CACHEWARMER_STORAGE_SAS', 'STORAGE_KEY', 'AZURE_STORAGE_KEY')
  return found.length > 0 ? found : identityVariables
}

function identity({ azureClientId, azureAuthorityHost }: QueueSettings): Pick<QueueAccess, 'identity'> {
  if (!azureClientId && !azureAuthorityHost) return {}
  return {
    identity: {
      ...(azureClientId ? { clientId: azureClientId } : {}),
      ...(azureAuthorityHost ? { authorityHost: azureAuthorityHost } : {}),
    },
  }
}
