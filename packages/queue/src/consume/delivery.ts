import { optionInvalid } from '../port/check.ts'
import { QueueError } from '../port/errors.ts'
import type { Lease, Logger, PeekedMessage } from '../port/queue.ts'
import { decodeBody, toAscii } from './codec.ts'
import { keepLease } from './lease-keeper.ts'
import type { ConsumeSettings } from './options.ts'

/** A message whose body was read by the codec. */
export interface Message<T> extends Omit<PeekedMessage, 'body'> {
  readonly body: T
}

/**
 * `complete` removes the message; `giveBackMs` makes it visible again after this many milliseconds, and is no failure;
 * `deadLetter` moves it to the dead letters for this reason, or is a failure where there are none.
 */
export type Outcome = 'complete' | { readonly giveBackMs: number } | { readonly deadLetter: string }

export interface HandlerContext {
  /** Aborts when the lease is lost (reason `LEASE_LOST`) or the work is to end: stop then, as soon as you can. */
  readonly signal: AbortSignal
  /** Names the message in each line. */
  readonly logger: Logger
}

// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a `return` has this type
export type HandlerResult = Outcome | void | undefined

/**
 * Works on one message. Returning nothing completes it, as `'complete'` does. After an error the message is delivered
 * again, later.
 */
export type Handler<T = unknown> = (message: Message<T>, context: HandlerContext) => Promise<HandlerResult>

/** What became of one message. */
export type Fate = 'completed' | 'givenBack' | 'deadLettered' | 'lost' | 'failed'

/** What is to be done with a message once its handler has ended. */
type Verdict =
  | { readonly to: 'complete' }
  | { readonly to: 'give back'; readonly delayMs: number }
  | { readonly to: 'dead letters'; readonly error: unknown }
  | { readonly to: 'try again'; readonly error: unknown }

type Ended = { readonly result: unknown } | { readonly error: unknown; readonly isUnreadable?: boolean }

/** Pure: what a handler's end means. */
function judge<T>(ended: Ended, deliveries: number, settings: ConsumeSettings<T>): Verdict {
  if ('result' in ended) {
    const { result } = ended
    if (result === undefined || result === null || result === 'complete') return { to: 'complete' }
    if (typeof result === 'object' && 'giveBackMs' in result)
      return { to: 'give back', delayMs: result.giveBackMs as number }
    if (typeof result === 'object' && 'deadLetter' in result) {
      const error = new Error(String(result.deadLetter))
      return { to: settings.deadLetter === undefined ? 'try again' : 'dead letters', error }
    }
    const expected = "nothing, 'complete', { giveBackMs } or { deadLetter }"
    return judge(
      { error: optionInvalid(settings.queue, "the handler's result", result, expected) },
      deliveries,
      settings,
    )
  }
  // Work that ends because it was told to end has not failed.
  if (settings.abortWork.aborted) return { to: 'give back', delayMs: 0 }
  const isLast =
    deliveries >= settings.maxDeliveries || (ended.isUnreadable === true && settings.deadLetter !== undefined)
  return { to: isLast ? 'dead letters' : 'try again', error: ended.error }
}

const messageOf = ({ id, body, deliveries, insertedAtMs }: Lease): PeekedMessage => ({
  id,
  body,
  deliveries,
  insertedAtMs,
})

/** Doubles with each delivery; up to half of it is taken off at random, so that what failed together is not tried together. */
const delayAfterFailure = <T>({ failureDelay, random }: ConsumeSettings<T>, deliveries: number): number =>
  Math.min(failureDelay.maxMs, failureDelay.firstMs * 2 ** (deliveries - 1)) * (1 - random() / 2)

/** Does the last call on a lease, then tells what became of the message. Never throws. */
async function finish<T>(
  message: PeekedMessage,
  call: () => Promise<void>,
  { tell }: ConsumeSettings<T>,
  done: () => Fate,
): Promise<Fate> {
  try {
    await call()
  } catch (error) {
    tell('lost', message, error)
    return 'lost'
  }
  return done()
}

/** Gives a message back that is not going to be worked on. */
export function handBack<T>(lease: Lease, delayMs: number, settings: ConsumeSettings<T>): Promise<Fate> {
  const message = messageOf(lease)
  return finish(
    message,
    () => lease.giveBack(delayMs),
    settings,
    () => {
      settings.tell('givenBack', message, delayMs)
      return 'givenBack'
    },
  )
}

function tryAgain<T>(lease: Lease, error: unknown, logger: Logger, settings: ConsumeSettings<T>): Promise<Fate> {
  const message = messageOf(lease)
  const delayMs = delayAfterFailure(settings, lease.deliveries)
  logger.error('handler failed', { error, delayMs })
  return finish(
    message,
    () => lease.giveBack(delayMs),
    settings,
    () => {
      settings.tell('failed', message, error, delayMs)
      return 'failed'
    },
  )
}

/**
 * Sends first and completes then: a message may be among the dead letters twice, but is never in neither queue. Where it
 * can't be sent, it comes again.
 */
async function bury<T>(lease: Lease, error: unknown, logger: Logger, settings: ConsumeSettings<T>): Promise<Fate> {
  const message = messageOf(lease)
  try {
    // Other programs may have sent what no driver of ours takes.
    await settings.deadLetter?.send(/^[ -~]*$/.test(lease.body) ? lease.body : toAscii(lease.body))
  } catch (failure) {
    return tryAgain(lease, failure, logger, settings)
  }
  logger.error('message moved to the dead letters', { error, deadLetter: settings.deadLetter?.name })
  return finish(
    message,
    () => lease.complete(),
    settings,
    () => {
      settings.tell('deadLettered', message, error)
      return 'deadLettered'
    },
  )
}

async function run<T>(
  message: PeekedMessage,
  context: HandlerContext,
  handler: Handler<T>,
  { queue, codec }: ConsumeSettings<T>,
): Promise<Ended> {
  let body: T
  try {
    body = decodeBody(queue, codec, message.body)
  } catch (error) {
    return { error, isUnreadable: true }
  }
  try {
    return { result: await handler({ ...message, body }, context) }
  } catch (error) {
    return { error }
  }
}

/** Keeps the lease while the handler works, and then does what came out of it. Never throws. */
export async function deliver<T>(
  lease: Lease,
  askedAtMs: number,
  handler: Handler<T>,
  settings: ConsumeSettings<T>,
): Promise<Fate> {
  const { leaseMs, clock, abortWork, tell, maxDeliveries } = settings
  const logger = settings.logger.child({ messageId: lease.id, deliveries: lease.deliveries })
  if (lease.deliveries > maxDeliveries) {
    // Its readers died, or gave it back.
    const why = `message ${lease.id} was delivered ${lease.deliveries - 1} times, and no handler completed it`
    return bury(lease, new QueueError('TOO_MANY_DELIVERIES', settings.queue, why), logger, settings)
  }
  const message = messageOf(lease)
  const keeper = keepLease(lease, { leaseMs, askedAtMs, clock, logger, signal: abortWork })

  tell('started', message)
  const ended = await run(message, { signal: keeper.signal, logger }, handler, settings)
  await keeper.stop()

  if (keeper.lost !== undefined) {
    tell('lost', message, keeper.lost)
    return 'lost'
  }
  const verdict = judge(ended, lease.deliveries, settings)
  if (verdict.to === 'give back') return handBack(lease, verdict.delayMs, settings)
  if (verdict.to === 'dead letters') return bury(lease, verdict.error, logger, settings)
  if (verdict.to === 'try again') return tryAgain(lease, verdict.error, logger, settings)
  return finish(
    message,
    () => lease.complete(),
    settings,
    () => {
      tell('completed', message)
      return 'completed'
    },
  )
}
