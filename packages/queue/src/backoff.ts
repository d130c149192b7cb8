import { follow } from './abort.ts'
import { type Clock, sleep } from './clock.ts'
import { isQueueError, type QueueErrorCode } from './errors.ts'
import { type Logger, type Random, silentLogger } from './ports.ts'
import type { CallOptions } from './transport.ts'

/** The pauses after a failure: the first, doubled each time up to the longest; up to half of each is taken off at random. */
interface Backoff {
  readonly firstMs: number
  readonly maxMs: number
}

export interface RetryOptions {
  readonly clock: Clock
  readonly random: Random
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
export type Attempts = <T>(options: CallOptions, call: (signal: AbortSignal) => Promise<T>) => Promise<T>

export function attempts(options: RetryOptions): Attempts {
  const { clock, random, signal: service, maxTries = 7, logger = silentLogger } = options
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
