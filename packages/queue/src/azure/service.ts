import type { QueueClient, QueueServiceClient } from '@azure/storage-queue'
import { leaseOf, type Receipt, sentMessage } from '../drivers/handle.ts'
import { follow } from '../port/abort.ts'
import { checkName, checkPeek, checkReceive, checkSend, queuesWith } from '../port/check.ts'
import { type Clock, systemClock } from '../port/clock.ts'
import { QueueError } from '../port/errors.ts'
import { type CallOptions, type PeekedMessage, type Queue, type QueueService, queueLimits } from '../port/queue.ts'
import type { AzureAccess } from './access.ts'
import { connect, mapError } from './connect.ts'

/** Makes one call, within its time and with errors translated. The options carry the signal under the SDK's name for it. */
type Caller = <T>(
  queue: string,
  options: CallOptions,
  call: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
) => Promise<T>

/** The service counts in whole seconds, which exist in this file only. Time asked for is never cut short. */
const seconds = (ms: number): number => Math.ceil(ms / 1_000)

/** "-1 means that the message does not expire", Put Message. */
const never = -1

const fromService = (message: {
  readonly messageId: string
  readonly messageText: string
  readonly dequeueCount: number
  readonly insertedOn: Date
}): PeekedMessage => ({
  id: message.messageId,
  body: message.messageText,
  deliveries: message.dequeueCount,
  insertedAtMs: message.insertedOn.getTime(),
})

function azureQueue(client: QueueClient, call: Caller): Queue {
  const { name } = client

  /** Pop receipts rotate with each update, and stay good until another reader receives the message. */
  const receiptFor = (id: string, first: string): Receipt => {
    let popReceipt = first
    const hide = async (body: string | undefined, hiddenMs: number, options: CallOptions): Promise<void> => {
      const answer = await call(name, options, (sdk) =>
        client.updateMessage(id, popReceipt, body, seconds(hiddenMs), sdk),
      )
      popReceipt = answer.popReceipt ?? popReceipt
    }
    return {
      hold: hide,
      release: (delayMs, options) => hide(undefined, delayMs, options),
      remove: async (options) => {
        await call(name, options, (sdk) => client.deleteMessage(id, popReceipt, sdk))
      },
    }
  }

  return {
    name,
    polling,
    send: async (body, options = {}) => {
      checkSend(name, body, options)
      const { delayMs = 0, ttlMs } = options
      const times = {
        visibilityTimeout: seconds(delayMs),
        messageTimeToLive: ttlMs === undefined ? never : seconds(ttlMs),
      }
      const sent = await call(name, options, (sdk) => client.sendMessage(body, { ...times, ...sdk }))
      return sentMessage(name, sent.messageId, receiptFor(sent.messageId, sent.popReceipt))
    },
    receive: async (options) => {
      checkReceive(name, options)
      const what = { numberOfMessages: options.max, visibilityTimeout: seconds(options.leaseMs) }
      const answer = await call(name, options, (sdk) => client.receiveMessages({ ...what, ...sdk }))
      return answer.receivedMessageItems.map((message) =>
        leaseOf(name, fromService(message), receiptFor(message.messageId, message.popReceipt)),
      )
    },
    peek: async (options) => {
      checkPeek(name, options)
      const what = { numberOfMessages: options.max }
      const answer = await call(name, options, (sdk) => client.peekMessages({ ...what, ...sdk }))
      return answer.peekedMessageItems.map(fromService)
    },
    approximateDepth: async (options = {}) => {
      const answer = await call(name, options, (sdk) => client.getProperties(sdk))
      return answer.approximateMessagesCount ?? 0
    },
  }
}

const polling = { minMs: 500, maxMs: 5_000 }

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

  const close = (): void => {
    closed = true
  }

  return {
    limits: queueLimits,
    polling,
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
    close: async () => close(),
    [Symbol.asyncDispose]: async () => close(),
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
