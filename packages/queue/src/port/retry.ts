import { leaseCalls, oneAtATime } from '../drivers/handle.ts'
import { follow } from './abort.ts'
import { optionInvalid } from './check.ts'
import { type Clock, sleep, steadyClock } from './clock.ts'
import { isQueueError, type QueueErrorCode } from './errors.ts'
import {
  type CallOptions,
  type Lease,
  type Logger,
  type Queue,
  type QueueService,
  type Random,
  type SentMessage,
  silentLogger,
} from './queue.ts'

/** The pauses after a failure: the first, doubled each time up to the longest; up to half of each is taken off at random. */
interface Backoff {
  readonly firstMs: number
  readonly maxMs: number
}

export interface RetryOptions {
  /** Measures the pauses. Default: `steadyClock`. */
  readonly clock?: Clock | undefined
  /** Takes up to half off each pause. Default: `Math.random`. */
  readonly random?: Random | undefined
  /** Ends every call, on its way or waiting, with its reason. */
  readonly signal?: AbortSignal | undefined
  /** How often a call is tried in all before its error goes to the caller. Default 7. */
  readonly maxTries?: number | undefined
  readonly logger?: Logger | undefined
}

/** What is worth another try: the policy, as a table. Everything else goes straight to the caller. */
const backoffs: Partial<Readonly<Record<QueueErrorCode, Backoff>>> = {
  /** The service asks for a rest: "wait at least a second", Azure's guide to scalability. */
  THROTTLED: { firstMs: 1_000, maxMs: 30_000 },
  /** The next connection may well work. */
  UNAVAILABLE: { firstMs: 200, maxMs: 30_000 },
}

/** One call as often as it takes. `call` gets a signal that ends it with the caller's or the service's. */
type Attempts = <T>(options: CallOptions, call: (signal: AbortSignal) => Promise<T>) => Promise<T>

function attempts(options: RetryOptions): Attempts {
  const { clock = steadyClock, random = Math.random, signal: service, maxTries = 7, logger = silentLogger } = options
  return async ({ signal }, call) => {
    using either = follow(signal, service)
    for (let tries = 1; ; tries++) {
      either.signal.throwIfAborted()
      try {
        return await call(either.signal)
      } catch (error) {
        const backoff = isQueueError(error) ? backoffs[error.code] : undefined
        if (backoff === undefined || tries >= maxTries) throw error
        const waitMs = Math.min(backoff.maxMs, backoff.firstMs * 2 ** (tries - 1)) * (1 - random() / 2)
        logger.debug('trying again', { error, tries, waitMs })
        await sleep(clock, waitMs, either.signal)
      }
    }
  }
}

/** Whether a call that failed may have had its effect: it found no answer, or was cut short by its caller. */
const isUnclear = (error: unknown): boolean => !isQueueError(error) || error.code === 'UNAVAILABLE'

/** A sent message that tries again. An update whose answer was lost may cost the receipt, and then says `LEASE_LOST`. */
function retryingSentMessage(sent: SentMessage, attempt: Attempts): SentMessage {
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
function retryingLease(queue: string, lease: Lease, firstEndMs: number, attempt: Attempts, clock: Clock): Lease {
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

/**
 * The same service, which tries again after `THROTTLED` and `UNAVAILABLE`, ever more slowly and at random moments.
 *
 * A try that ends in `UNAVAILABLE` may have had its effect, so that what comes again is at least once: a message may
 * be sent twice, messages may be hidden for a lease without a holder, `create` may say `existed` of the queue it made,
 * and `delete` say `absent` of the one it removed. `complete` does better: as long as the lease runs by our clock, a
 * `LEASE_LOST` after an unclear try means that this try had worked.
 */
export function withRetry(service: QueueService, options: RetryOptions = {}): QueueService {
  const { maxTries = 7, clock = steadyClock } = options
  if (!Number.isInteger(maxTries) || maxTries < 1)
    throw optionInvalid('retry', 'maxTries', maxTries, 'a whole number of at least 1')
  const attempt = attempts(options)
  return {
    limits: service.limits,
    polling: service.polling,
    queue: (name) => retryingQueue(service.queue(name), attempt, clock),
    create: (name, call = {}) => attempt(call, (signal) => service.create(name, { ...call, signal })),
    delete: (name, call = {}) => attempt(call, (signal) => service.delete(name, { ...call, signal })),
    list: (prefix, call = {}) => attempt(call, (signal) => service.list(prefix, { ...call, signal })),
    close: () => service.close(),
    [Symbol.asyncDispose]: () => service.close(),
  }
}

const retryingQueue = (queue: Queue, attempt: Attempts, clock: Clock): Queue => ({
  name: queue.name,
  polling: queue.polling,
  send: async (body, call = {}) => {
    const sent = await attempt(call, (signal) => queue.send(body, { ...call, signal }))
    return retryingSentMessage(sent, attempt)
  },
  receive: async (call) => {
    let askedAtMs = clock.now()
    const leases = await attempt(call, (signal) => {
      askedAtMs = clock.now()
      return queue.receive({ ...call, signal })
    })
    return leases.map((lease) => retryingLease(queue.name, lease, askedAtMs + call.leaseMs, attempt, clock))
  },
  peek: (call) => attempt(call, (signal) => queue.peek({ ...call, signal })),
  approximateDepth: (call = {}) => attempt(call, (signal) => queue.approximateDepth({ ...call, signal })),
})
