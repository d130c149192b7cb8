import { QueueError } from './errors.ts'
import type { CallOptions } from './transport.ts'

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
