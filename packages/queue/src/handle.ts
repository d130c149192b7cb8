import { checkBody, checkHidden, checkLease } from './check.ts'
import type { CallOptions, Lease, PeekedMessage, SentMessage } from './transport.ts'
import { leaseCalls, oneAtATime } from './turns.ts'

/** What a driver can do to the one message it has a receipt for. Both throw `LEASE_LOST` where the receipt is stale. */
export interface Receipt {
  /** Holds the message for `leaseMs` from now; replaces the body unless that is undefined. */
  hold(body: string | undefined, leaseMs: number, options: CallOptions): Promise<void>
  /** Gives the message up: others see it after `delayMs`. */
  release(delayMs: number, options: CallOptions): Promise<void>
  remove(options: CallOptions): Promise<void>
}

/** Makes a driver's receipt a handle: checks arguments and keeps calls in order. */
export function sentMessage(queue: string, id: string, receipt: Receipt): SentMessage {
  const inTurn = oneAtATime()
  return {
    id,
    update: async (body, options) => {
      checkBody(queue, body)
      checkHidden(queue, 'leaseMs', options.leaseMs)
      await inTurn(() => receipt.hold(body, options.leaseMs, options), options)
    },
  }
}

/** The same for a lease, which is dead once it is completed or given back. */
export function leaseOf(queue: string, message: PeekedMessage, receipt: Receipt): Lease {
  const calls = leaseCalls(queue, message.id)
  return {
    ...message,
    update: async (body, options) => {
      checkBody(queue, body)
      checkHidden(queue, 'leaseMs', options.leaseMs)
      await calls.during(() => receipt.hold(body, options.leaseMs, options), options)
    },
    renew: async (leaseMs, options = {}) => {
      checkLease(queue, leaseMs)
      await calls.during(() => receipt.hold(undefined, leaseMs, options), options)
    },
    complete: (options = {}) => calls.last('completed', () => receipt.remove(options), options),
    giveBack: async (delayMs = 0, options = {}) => {
      checkHidden(queue, 'delayMs', delayMs)
      await calls.last('given back', () => receipt.release(delayMs, options), options)
    },
  }
}
