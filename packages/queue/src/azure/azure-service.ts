import type { QueueServiceClient } from '@azure/storage-queue'
import { follow } from '../abort.ts'
import { checkName, queuesWith } from '../check.ts'
import { type Clock, systemClock } from '../clock.ts'
import { QueueError } from '../errors.ts'
import { queueLimits } from '../limits.ts'
import type { QueueService } from '../transport.ts'
import { azureQueue, type Caller } from './azure-queue.ts'
import { type AzureAccess, connect } from './connect.ts'
import { mapError } from './map-error.ts'

export interface AzureOptions extends AzureAccess {
  /** Measures `callTimeoutMs` and nothing else: leases run by the service's own clock. Default: the system's. */
  readonly clock?: Clock | undefined
  /** How long one try of a call may take before it is `UNAVAILABLE`. Default 30 s. */
  readonly callTimeoutMs?: number | undefined
  /** Certificates to trust besides the usual ones, as PEM. */
  readonly ca?: string | undefined
}

/**
 * Azure Storage Queues, or an emulator of them. Nothing is contacted before the first call.
 * A call is tried once; `withRetry` tries again. Times are rounded up to whole seconds. After a call that found no
 * answer (`UNAVAILABLE`), its effect is unknown, and a lease whose renewal or update it was may be lost to everybody
 * until it runs out. Throws `OPTION_INVALID` where access is not said in exactly one way.
 */
export function openAzureService(options: AzureOptions): QueueService {
  const { clock = systemClock, callTimeoutMs = 30_000 } = options
  const client = connect(options, { ca: options.ca })
  let closed = false

  const call: Caller = async (queue, { signal }, request) => {
    if (closed) throw new QueueError('CLOSED', queue, 'the queue service was closed')
    signal?.throwIfAborted()
    const late = new QueueError('UNAVAILABLE', queue, `no answer within ${callTimeoutMs} ms`)
    using attempt = follow(signal)
    const stopTimer = clock.setTimer(callTimeoutMs, () => attempt.abort(late))
    try {
      // A race, because a credential need not listen to the signal.
      return await Promise.race([request({ abortSignal: attempt.signal }), rejection(attempt.signal)])
    } catch (error) {
      // The SDK has an error of its own for an abort; callers were promised their own reason.
      attempt.signal.throwIfAborted()
      throw mapError(queue, error)
    } finally {
      stopTimer()
    }
  }

  return {
    limits: queueLimits,
    polling: { minMs: 500, maxMs: 5_000 },
    queue: (name) => azureQueue(client.getQueueClient(checkName(name)), call),
    create: async (name, callOptions = {}) => {
      const queue = client.getQueueClient(checkName(name))
      const { succeeded } = await call(name, callOptions, (sdk) => queue.createIfNotExists(sdk))
      return succeeded ? 'created' : 'existed'
    },
    delete: async (name, callOptions = {}) => {
      const queue = client.getQueueClient(checkName(name))
      const { succeeded } = await call(name, callOptions, (sdk) => queue.deleteIfExists(sdk))
      return succeeded ? 'deleted' : 'absent'
    },
    list: (prefix, callOptions = {}) =>
      call(queuesWith(prefix), callOptions, (sdk) => listNames(client, prefix, sdk.abortSignal)),
    close: async () => {
      closed = true
    },
  }
}

const rejection = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })

/** Follows the pages, of 5,000 names unless told otherwise. */
export async function listNames(
  client: QueueServiceClient,
  prefix: string,
  abortSignal: AbortSignal,
  maxPageSize?: number,
): Promise<readonly string[]> {
  const names: string[] = []
  const pages = client.listQueues({ prefix, abortSignal }).byPage(maxPageSize === undefined ? {} : { maxPageSize })
  for await (const page of pages) names.push(...(page.queueItems ?? []).map((item) => item.name))
  return names.sort()
}
