import type { QueueClient } from '@azure/storage-queue'
import { checkPeek, checkReceive, checkSend } from '../check.ts'
import { leaseOf, type Receipt, sentMessage } from '../handle.ts'
import type { CallOptions, PeekedMessage, Queue } from '../transport.ts'

/** Makes one call, within its time and with errors translated. The options carry the signal under the SDK's name for it. */
export type Caller = <T>(
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

export function azureQueue(client: QueueClient, call: Caller): Queue {
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
