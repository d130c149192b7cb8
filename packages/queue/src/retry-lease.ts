import type { Attempts } from './backoff.ts'
import type { Clock } from './clock.ts'
import { isQueueError } from './errors.ts'
import type { Lease, SentMessage } from './transport.ts'
import { leaseCalls, oneAtATime } from './turns.ts'

/** Whether a call that failed may have had its effect: it found no answer, or was cut short by its caller. */
const isUnclear = (error: unknown): boolean => !isQueueError(error) || error.code === 'UNAVAILABLE'

/** A sent message that tries again. An update whose answer was lost may cost the receipt, and then says `LEASE_LOST`. */
export function retryingSentMessage(sent: SentMessage, attempt: Attempts): SentMessage {
  const inTurn = oneAtATime()
  return {
    id: sent.id,
    update: (body, options) =>
      inTurn(() => attempt(options, (signal) => sent.update(body, { ...options, signal })), options),
  }
}

/**
 * A lease that tries again. If a try of `complete` got no answer, and a later one says `LEASE_LOST` although the lease still
 * lasts by our clock, only this process can have ended it: the first try had worked, and the call succeeds. Not so where a
 * renewal or an update stayed unclear before: then it may be our receipt that is stale.
 */
export function retryingLease(queue: string, lease: Lease, firstEndMs: number, attempt: Attempts, clock: Clock): Lease {
  const calls = leaseCalls(queue, lease.id)
  let endsAtMs = firstEndMs
  let receiptIsSure = true
  let completeIsUnclear = false

  const holding = (leaseMs: number, call: (signal: AbortSignal) => Promise<void>) => async (signal: AbortSignal) => {
    const newEndMs = clock.now() + leaseMs
    try {
      await call(signal)
      endsAtMs = newEndMs
      receiptIsSure = true
      // The message is still there, so it was not completed.
      completeIsUnclear = false
    } catch (error) {
      if (isUnclear(error)) receiptIsSure = false
      throw error
    }
  }

  const completing = async (signal: AbortSignal): Promise<void> => {
    try {
      await lease.complete({ signal })
    } catch (error) {
      const isLost = isQueueError(error) && error.code === 'LEASE_LOST'
      if (isLost && completeIsUnclear && receiptIsSure && clock.now() < endsAtMs) return
      if (isUnclear(error)) completeIsUnclear = true
      throw error
    }
  }

  return {
    ...lease,
    update: (body, options) => {
      const call = holding(options.leaseMs, (signal) => lease.update(body, { ...options, signal }))
      return calls.during(() => attempt(options, call), options)
    },
    renew: (leaseMs, options = {}) => {
      const call = holding(leaseMs, (signal) => lease.renew(leaseMs, { signal }))
      return calls.during(() => attempt(options, call), options)
    },
    complete: (options = {}) => calls.last('completed', () => attempt(options, completing), options),
    giveBack: (delayMs = 0, options = {}) =>
      calls.last('given back', () => attempt(options, (signal) => lease.giveBack(delayMs, { signal })), options),
  }
}
