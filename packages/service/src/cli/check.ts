import { Prefix } from '@cachewarmer/core'
import { type Clock, isQueueError } from '@cachewarmer/queue'
import { isFileQueue } from './address-rules.ts'
import { UsageError } from './exit-code.ts'
import { type Environment, openQueues, type QueueSettings, queueAccess } from './queues.ts'

/**
 * Variables of the programs and of the install scripts, by what follows `CACHEWARMER_`. A test compares them with the
 * programs' help.
 */
const variables: ReadonlySet<string> = new Set(
  `ABANDONED_AFTER_MS ACCESS ALLOW_ADDRESS ARM_ENDPOINT AZURE_MACHINE BOOTSTRAP_ATTEMPTS BOOTSTRAP_FOLDER CONCURRENCY
  CONNECTION_STRING FOLDER FOLDER_LINKS GROUP IDENTITY_ID KEEP_DAYS LEASE_MS LEDGER MANAGER_OPTIONS METADATA_URL MOUNT_IDLE_MS
  MOUNT_PORT NFS_CONNECTIONS NFS_GID NFS_PORT NFS_TIMEOUT_MS NFS_UID NFS_VERSIONS POWER_OFF_FILE QUEUE RELEASE_SIGNER
  RESERVED_PORTS STATUS_HOST STATUS_LISTEN STATUS_TOKEN STATUS_TOKEN_FILE STORAGE_KEY_FILE STORAGE_SAS STORAGE_SUFFIX SUBNET_ID
  VMSS_IMAGE VMSS_LIFE_HOURS VMSS_NAME VMSS_PRICE_PER_HOUR VMSS_SIZES VMSS_ZONES WORKER_IDENTITY WORKER_OPTIONS`.split(
    /\s+/,
  ),
)
const prefix = 'CACHEWARMER_'

/**
 * Looks at the settings of a program that is about to become a service, as `--check` does: throws `UsageError` for a variable
 * that is none of ours although its name begins so, and what `openQueues` throws. Nothing is contacted, and a queue that is a
 * file is not made: it belongs to the service's user.
 */
export async function checkSettings(queue: QueueSettings, environment: Environment, clock: Clock): Promise<void> {
  const unknown = Object.keys(environment)
    .filter((name) => name.startsWith(prefix) && !variables.has(name.slice(prefix.length)))
    .sort()
  if (unknown.length > 0) throw new UsageError(`${unknown.join(', ')}: no setting of this release has this name`)
  if (!queue.queueNamePrefix) throw new UsageError('no queue prefix: give --queue-name-prefix or set QUEUE_PREFIX')
  new Prefix(queue.queueNamePrefix)
  if (isFileQueue(queueAccess(queue, environment).url)) return
  await using _ = await openQueues(queue, environment, clock).catch((error: unknown) => {
    throw isQueueError(error) ? new UsageError(error.message, { cause: error }) : error
  })
}
