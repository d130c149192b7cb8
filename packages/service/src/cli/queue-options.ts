import { Option } from '@commander-js/extra-typings'
import type { LegacyFlags } from './legacy-flags.ts'

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
