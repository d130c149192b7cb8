import { checkPrefix } from '@cachewarmer/core'
import { type Clock, type QueueService, withRetry } from '@cachewarmer/queue'
import { openService } from '@cachewarmer/queue/open'
import { type Environment, type QueueSettings, queueAccess } from './access.ts'
import { UsageError } from './errors.ts'
import { systemRandom } from './random.ts'

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
  const prefix = settings.queueNamePrefix || undefined
  if (prefix === undefined) throw new UsageError('no queue prefix: give --queue-name-prefix or set QUEUE_PREFIX')
  checkPrefix(prefix)
  const { url, ...access } = queueAccess(settings, environment)
  const service = withRetry(await openService(url, { ...access, clock }), { clock, random: systemRandom })
  const close = (): Promise<void> => service.close()
  return { service, prefix, close, [Symbol.asyncDispose]: close }
}
