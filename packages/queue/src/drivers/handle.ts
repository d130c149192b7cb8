import { checkBody, checkHidden, checkLease } from '../port/check.ts'
import { QueueError } from '../port/errors.ts'
import type { CallOptions, Lease, PeekedMessage, SentMessage } from '../port/queue.ts'

type Call = () => Promise<void>

/** Runs calls one after the other, in the order in which they were made. One that is aborted while it waits leaves the line. */
export function oneAtATime(): (call: Call, options: CallOptions) => Promise<void> {
  let last: Promise<unknown> = Promise.resolve()
  return (call, { signal }) =>
    new Promise((resolve, reject) => {
      const leave = (): void => reject(signal?.reason as Error)
      if (signal?.aborted) return leave()
      signal?.addEventListener('abort', leave, { once: true })
      const mine = last.then(() => {
        signal?.removeEventListener('abort', leave)
        signal?.throwIfAborted()
        return call()
      })
      last = mine.catch(() => {})
      mine.then(resolve, reject)
    })
}

/** The calls on one lease. */
export interface LeaseCalls {
  during(call: Call, options: CallOptions): Promise<void>
  /** Where this works, it is the last one: every later call throws `LEASE_LOST`. */
  last(how: 'completed' | 'given back', call: Call, options: CallOptions): Promise<void>
}

/**
 * Receipts rotate: a `complete` that overtook a `renew` would carry a stale one and be refused, although the lease was
 * never lost. So calls take turns.
 */
export function leaseCalls(queue: string, id: string): LeaseCalls {
  const inTurn = oneAtATime()
  let over: string | undefined
  const during = (call: Call, options: CallOptions): Promise<void> =>
    inTurn(() => {
      if (over === undefined) return call()
      throw new QueueError('LEASE_LOST', queue, `message ${id} was ${over} through this lease before`)
    }, options)
  return {
    during,
    last: (how, call, options) =>
      during(async () => {
        await call()
        over = how
      }, options),
  }
}

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
