import { checkBody, checkHidden, checkLease } from './check.ts'
import { QueueError } from './errors.ts'
import type { CallOptions, Lease, PeekedMessage, SentMessage } from './transport.ts'

/** What a driver can do to the one message it has a receipt for. Both throw `LEASE_LOST` where the receipt is stale. */
export interface Receipt {
  /** Hides the message for `hiddenMs` from now; replaces the body unless that is undefined. */
  update(body: string | undefined, hiddenMs: number, options: CallOptions): Promise<void>
  remove(options: CallOptions): Promise<void>
}

/**
 * Runs calls one after the other. Receipts rotate: a `complete` that overtook a `renew` would carry a stale one and be
 * refused, although the lease was never lost.
 */
function oneAtATime(): (call: () => Promise<void>, signal: AbortSignal | undefined) => Promise<void> {
  let last: Promise<unknown> = Promise.resolve()
  return (call, signal) => {
    const mine = last.then(() => {
      signal?.throwIfAborted()
      return call()
    })
    last = mine.catch(() => {})
    return mine
  }
}

export function sentMessage(queue: string, id: string, receipt: Receipt): SentMessage {
  const inTurn = oneAtATime()
  return {
    id,
    update: async (body, options) => {
      checkBody(queue, body)
      checkHidden(queue, 'leaseMs', options.leaseMs)
      await inTurn(() => receipt.update(body, options.leaseMs, options), options.signal)
    },
  }
}

/** Makes the driver's receipt a lease: checks arguments, keeps calls in order, and is dead once completed or given back. */
export function leaseOf(queue: string, message: PeekedMessage, receipt: Receipt): Lease {
  const inTurn = oneAtATime()
  let over: 'completed' | 'given back' | undefined
  const whileHeld = (call: () => Promise<void>, options: CallOptions): Promise<void> =>
    inTurn(() => {
      if (over === undefined) return call()
      throw new QueueError('LEASE_LOST', queue, `message ${message.id} was ${over} through this lease before`)
    }, options.signal)
  return {
    ...message,
    update: async (body, options) => {
      checkBody(queue, body)
      checkHidden(queue, 'leaseMs', options.leaseMs)
      await whileHeld(() => receipt.update(body, options.leaseMs, options), options)
    },
    renew: async (leaseMs, options = {}) => {
      checkLease(queue, leaseMs)
      await whileHeld(() => receipt.update(undefined, leaseMs, options), options)
    },
    complete: async (options = {}) => {
      await whileHeld(async () => {
        await receipt.remove(options)
        over = 'completed'
      }, options)
    },
    giveBack: async (delayMs = 0, options = {}) => {
      checkHidden(queue, 'delayMs', delayMs)
      await whileHeld(async () => {
        await receipt.update(undefined, delayMs, options)
        over = 'given back'
      }, options)
    },
  }
}
