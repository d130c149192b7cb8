import { readFileSync } from 'node:fs'
import { checkPrefix } from '@cachewarmer/core'
import type { Clock, QueueService } from '@cachewarmer/queue'
import { Option } from '@commander-js/extra-typings'
import { connect } from './connect.ts'
import { UsageError } from './errors.ts'
import type { LegacyFlags } from './legacy-flags.ts'
import { systemRandom } from './random.ts'

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
  suffix: new Option('--storage-suffix <suffix>', 'domain of the storage account in sovereign clouds')
    .default('core.windows.net')
    .env('CACHEWARMER_STORAGE_SUFFIX'),
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

/** What `queueOptions` gives. An empty text counts as absent, as unit files have it. */
export interface QueueSettings {
  queue?: string | undefined
  queueNamePrefix?: string | undefined
  storageAccountName?: string | undefined
  storageSuffix?: string | undefined
  storageKeyFile?: string | undefined
  storageKey?: string | undefined
}

/** The part of `process.env` that holds secrets; handed in by the binary. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface OpenedQueues {
  /** Throttling and outages are waited out inside. */
  service: QueueService
  prefix: string
  close(): Promise<void>
}

/**
 * Opens the queues that a command line and an environment name. Throws `UsageError` where no queue or no prefix is
 * named or a key file can't be read, `CoreError` for a prefix that can't be one, `QueueError` for a queue that can't.
 */
export async function openQueues(
  settings: QueueSettings,
  environment: Environment,
  clock: Clock,
): Promise<OpenedQueues> {
  const prefix = settings.queueNamePrefix || undefined
  if (prefix === undefined) throw new UsageError('no queue prefix: give --queue-name-prefix or set QUEUE_PREFIX')
  checkPrefix(prefix)
  const connectionString =
    environment['CACHEWARMER_CONNECTION_STRING'] || environment['AZURE_STORAGE_CONNECTION_STRING'] || undefined
  const service = await connect(queueUrl(settings, connectionString), {
    clock,
    random: systemRandom,
    connectionString,
    accountKey: accountKey(settings, environment),
    sas: environment['CACHEWARMER_STORAGE_SAS'] || undefined,
  })
  return { service, prefix, close: () => service.close() }
}

function queueUrl(settings: QueueSettings, connectionString: string | undefined): string {
  if (settings.queue) return settings.queue
  if (settings.storageAccountName) {
    return `https://${settings.storageAccountName}.queue.${settings.storageSuffix || 'core.windows.net'}`
  }
  if (connectionString !== undefined) return 'azure:connection-string'
  throw new UsageError(
    'no queue: give --queue sqlite:FILE or --queue https://ACCOUNT.queue.core.windows.net (or set CACHEWARMER_QUEUE, or a connection string in AZURE_STORAGE_CONNECTION_STRING)',
  )
}

function accountKey(settings: QueueSettings, environment: Environment): string | undefined {
  if (settings.storageKey) return settings.storageKey
  if (!settings.storageKeyFile) return environment['STORAGE_KEY'] || environment['AZURE_STORAGE_KEY'] || undefined
  try {
    return readFileSync(settings.storageKeyFile, 'utf8').trim()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`--storage-key-file ${settings.storageKeyFile}: ${reason}`, { cause: error })
  }
}
