import { randomBytes } from 'node:crypto'
import { Prefix } from '@cachewarmer/core'
import { type Clock, type QueueService, type Random, withRetry } from '@cachewarmer/queue'
import { openService } from '@cachewarmer/queue/open'
import { Option } from '@commander-js/extra-typings'
import { isFileQueue } from './address-rules.ts'
import { UsageError } from './exit-code.ts'
import { readSecretFile } from './files.ts'
import type { LegacyFlags } from './main.ts'

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

/** Uniform in [0, 1), from the machine's entropy: run and attempt ids are made of it and may never repeat. */
export const systemRandom: Random = () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48

export interface OpenedQueues extends AsyncDisposable {
  /** Throttling and short outages are waited out inside; see `withRetry`. */
  service: QueueService
  prefix: string
  close: () => Promise<void>
}

/**
 * Opens the queues that a command line and an environment name; nothing is contacted yet but a local file. Throws
 * `UsageError` where no queue or no prefix is named or a key file can't be read, `CoreError` for a prefix that can't be
 * one, `QueueError` for a queue that can't.
 */
export async function openQueues(
  settings: QueueSettings,
  environment: Environment,
  clock: Clock,
): Promise<OpenedQueues> {
  if (!settings.queueNamePrefix) throw new UsageError('no queue prefix: give --queue-name-prefix or set QUEUE_PREFIX')
  const prefix = new Prefix(settings.queueNamePrefix).text
  const { url, ...access } = queueAccess(settings, environment)
  const service = withRetry(await openService(url, { ...access, clock }), { clock, random: systemRandom })
  const close = (): Promise<void> => service.close()
  return { service, prefix, close, [Symbol.asyncDispose]: close }
}

/** The options that say which queues to use; every binary has them. Secrets belong in the environment or in a file. */
export const queueOptions = {
  queue: new Option(
    '--queue <url>',
    'where the queues are: sqlite:FILE, or https://ACCOUNT.queue.core.windows.net (also any other endpoint that speaks the protocol)',
  ).env('CACHEWARMER_QUEUE'),
  prefix: new Option('--queue-name-prefix <prefix>', 'what every queue name begins with').env('QUEUE_PREFIX'),
  account: new Option('--storage-account-name <name>', 'short for --queue https://NAME.queue.SUFFIX, which wins').env(
    'STORAGE_ACCOUNT',
  ),
  suffix: new Option(
    '--storage-suffix <suffix>',
    'domain of the storage account in sovereign clouds (default: core.windows.net)',
  ).env('CACHEWARMER_STORAGE_SUFFIX'),
  keyFile: new Option(
    '--storage-key-file <file>',
    'file that holds the account key (keep it mode 0600); else STORAGE_KEY, else a token',
  ).env('CACHEWARMER_STORAGE_KEY_FILE'),
  keyInArguments: new Option(
    '--storage-key <key>',
    'shown to everybody by ps; use STORAGE_KEY or --storage-key-file',
  ).hideHelp(),
}

/** The original's names for them. */
export const legacyQueueFlags = {
  storageAccountName: '--storage-account-name',
  storageAccountResourceGroup: null,
  queueNamePrefix: '--queue-name-prefix',
  storageKey: '--storage-key',
  enableDebugging: '--debug',
} as const satisfies LegacyFlags
