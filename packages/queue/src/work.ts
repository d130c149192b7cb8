import type { Clock } from './clock.ts'
import type { ConsumeEventSink } from './events.ts'
import { keepLease } from './lease-keeper.ts'
import type { Logger, Random } from './ports.ts'
import type { Lease, PeekedMessage } from './transport.ts'

/** `complete` removes the message; `giveBackMs` makes it visible again after this many milliseconds, and is no failure. */
export type Outcome = 'complete' | { readonly giveBackMs: number }

/**
 * Works on one message. `signal` aborts when the lease is lost (reason `LEASE_LOST`) or the work is to end
 * (`abortWork`'s reason): stop then, as soon as you can. After an error the message is delivered again, later.
 */
export type Handler = (
  message: PeekedMessage,
  context: { readonly signal: AbortSignal; readonly logger: Logger },
) => Promise<Outcome>

export interface WorkSettings {
  readonly leaseMs: number
  readonly clock: Clock
  readonly random: Random
  readonly abortWork: AbortSignal
  readonly logger: Logger
  readonly events: ConsumeEventSink
  readonly failureDelay: Readonly<{ firstMs: number; maxMs: number }>
}

/** What became of one message. */
export type Fate = 'completed' | 'givenBack' | 'lost' | 'failed'

const messageOf = ({ id, body, deliveries, insertedAtMs }: Lease): PeekedMessage => ({
  id,
  body,
  deliveries,
  insertedAtMs,
})

/** Does the last call on a lease, then tells what became of the message. Never throws. */
async function finish(
  lease: Lease,
  call: () => Promise<void>,
  settings: WorkSettings,
  done: () => Fate,
): Promise<Fate> {
  try {
    await call()
  } catch (error) {
    settings.events.emit('message:lost', messageOf(lease), error)
    return 'lost'
  }
  return done()
}

/** Gives a message back that is not going to be worked on. */
export const handBack = (lease: Lease, delayMs: number, settings: WorkSettings): Promise<Fate> =>
  finish(
    lease,
    () => lease.giveBack(delayMs),
    settings,
    () => {
      settings.events.emit('message:givenBack', messageOf(lease), delayMs)
      return 'givenBack'
    },
  )

/** Doubles with each delivery; up to half of it is taken off at random, so that what failed together is not tried together. */
const delayAfterFailure = ({ failureDelay, random }: WorkSettings, deliveries: number): number =>
  Math.min(failureDelay.maxMs, failureDelay.firstMs * 2 ** (deliveries - 1)) * (1 - random() / 2)

/** Keeps the lease while the handler works, and then does what came out of it. Never throws. */
export async function work(lease: Lease, askedAtMs: number, handler: Handler, settings: WorkSettings): Promise<Fate> {
  const { leaseMs, clock, abortWork, events } = settings
  const message = messageOf(lease)
  const logger = settings.logger.child({ messageId: lease.id, deliveries: lease.deliveries })
  const keeper = keepLease(lease, { leaseMs, askedAtMs, clock, logger, signal: abortWork })

  events.emit('message:start', message)
  let result: { outcome: Outcome } | { error: unknown }
  try {
    result = { outcome: await handler(message, { signal: keeper.signal, logger }) }
  } catch (error) {
    result = { error }
  }
  await keeper.stop()

  if (keeper.lost !== undefined) {
    events.emit('message:lost', message, keeper.lost)
    return 'lost'
  }
  if ('outcome' in result) {
    if (result.outcome !== 'complete') return handBack(lease, result.outcome.giveBackMs, settings)
    return finish(
      lease,
      () => lease.complete(),
      settings,
      () => {
        events.emit('message:completed', message)
        return 'completed'
      },
    )
  }
  // Work that ends because it was told to end has not failed.
  if (abortWork.aborted) return handBack(lease, 0, settings)
  const { error } = result
  const delayMs = delayAfterFailure(settings, lease.deliveries)
  logger.error('handler failed', { error, delayMs })
  return finish(
    lease,
    () => lease.giveBack(delayMs),
    settings,
    () => {
      events.emit('message:failed', message, error, delayMs)
      return 'failed'
    },
  )
}
