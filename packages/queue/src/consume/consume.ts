import { follow } from '../port/abort.ts'
import { checkLease, optionInvalid } from '../port/check.ts'
import { type Clock, sleep } from '../port/clock.ts'
import { isQueueError, type QueueErrorCode } from '../port/errors.ts'
import {
  type Lease,
  type Logger,
  type PeekedMessage,
  type Queue,
  queueLimits,
  type Random,
  silentLogger,
} from '../port/queue.ts'
import { keepLease } from './lease-keeper.ts'

/** What `consume()` tells about, for metrics and for people who watch it at work. */
export interface ConsumeEvents {
  /** A message was received; its handler is called right after this. */
  'message:start': [message: PeekedMessage]
  /** The handler was done and the message is removed. */
  'message:completed': [message: PeekedMessage]
  /** The message is visible again after `delayMs`: the handler asked for it, or we were stopping. */
  'message:givenBack': [message: PeekedMessage, delayMs: number]
  /** The handler threw; the message is visible again after `delayMs`. */
  'message:failed': [message: PeekedMessage, error: unknown, delayMs: number]
  /** The message could be neither completed nor given back, in most cases as its lease was lost: it comes again. */
  'message:lost': [message: PeekedMessage, error: unknown]
  /** Nothing could be received; the next try is in `retryInMs`. */
  'receive:failed': [error: unknown, retryInMs: number]
}

/** An `EventEmitter<ConsumeEvents>` is one. */
export interface ConsumeEventSink {
  emit<Name extends keyof ConsumeEvents>(name: Name, ...args: ConsumeEvents[Name]): unknown
}

/** A listener that throws is logged: watching work must not break it. */
export const safely = (sink: ConsumeEventSink | undefined, logger: Logger): ConsumeEventSink => ({
  emit: (name, ...args) => {
    try {
      sink?.emit(name, ...args)
    } catch (error) {
      logger.error('an event listener failed', { event: name, error })
    }
  },
})

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

interface WorkSettings {
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
const handBack = (lease: Lease, delayMs: number, settings: WorkSettings): Promise<Fate> =>
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
async function work(lease: Lease, askedAtMs: number, handler: Handler, settings: WorkSettings): Promise<Fate> {
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

export interface ConsumeOptions {
  /** How long a message is leased at a time; renewed at a third of it while its handler works. */
  readonly leaseMs: number
  /** How many messages are worked on at once, at most. */
  readonly concurrency: number
  readonly clock: Clock
  readonly random: Random
  /** How often to look while nothing is there: pass the service's own `polling`. */
  readonly polling: Readonly<{ minMs: number; maxMs: number }>
  /** Takes no more messages; those at work are finished. */
  readonly stopTaking: AbortSignal
  /** Takes no more messages, and aborts the handlers' signals. */
  readonly abortWork: AbortSignal
  readonly logger?: Logger | undefined
  readonly events?: ConsumeEventSink | undefined
  /** A message whose handler threw waits `firstMs`, doubled with each delivery up to `maxMs`. Default 1 s to 5 min. */
  readonly failureDelay?: Readonly<{ firstMs: number; maxMs: number }> | undefined
}

/**
 * How many messages were completed; given back, on the handler's wish or as we were stopping; lost, because the lease
 * was or they could not be completed, so that they come again; failed, as the handler threw, and given back.
 */
export type ConsumeSummary = Record<Fate, number>

/** `receive` will not do better later: these end the loop. All other failures may pass. */
const final: ReadonlySet<QueueErrorCode> = new Set([
  'QUEUE_NOT_FOUND',
  'CLOSED',
  'NAME_INVALID',
  'OPTION_INVALID',
  'FILE_LOST',
])

/** Time limit of a `receive` after `stopTaking`: cut short, what it took would stay hidden for a whole lease. */
const lastReceiveMs = 2_000

/**
 * Receives messages, keeps their leases, hands them to `handler` and completes them or gives them back, until told to
 * stop. Returns when the last handler has returned: one that ignores its signal holds it up.
 * Throws what `receive` threw where that is final (`QUEUE_NOT_FOUND`, `CLOSED`, bad options), after the last handler too.
 * Any other failure of `receive` is reported as an event and retried with growing pauses, up to `10 * polling.maxMs`.
 */
export async function consume(
  source: Pick<Queue, 'name' | 'receive'>,
  handler: Handler,
  options: ConsumeOptions,
): Promise<ConsumeSummary> {
  const { clock, random, polling, concurrency, leaseMs, abortWork } = options
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw optionInvalid(source.name, 'concurrency', concurrency, 'a whole number of at least 1')
  }
  checkLease(source.name, leaseMs)

  const logger = (options.logger ?? silentLogger).child({ queue: source.name })
  const events = safely(options.events, logger)
  const failureDelay = options.failureDelay ?? { firstMs: 1_000, maxMs: 300_000 }
  const settings: WorkSettings = { leaseMs, clock, random, abortWork, logger, events, failureDelay }
  const summary: ConsumeSummary = { completed: 0, givenBack: 0, lost: 0, failed: 0 }
  const running = new Set<Promise<void>>()
  using stop = follow(options.stopTaking, abortWork)

  const start = (lease: Lease, askedAtMs: number): void => {
    const fate = stop.signal.aborted ? handBack(lease, 0, settings) : work(lease, askedAtMs, handler, settings)
    const counted = fate.then((one) => {
      summary[one]++
      running.delete(counted)
    })
    running.add(counted)
  }

  /** Up to half of the time is taken off at random, so that idle readers do not come all at once. */
  const pause = (ms: number): Promise<void> => sleep(clock, ms * (1 - random() / 2), stop.signal).catch(() => {})

  const takeAll = async (): Promise<void> => {
    let idleMs = polling.minMs
    let retryInMs = polling.minMs
    while (!stop.signal.aborted) {
      if (running.size >= concurrency) {
        await Promise.race(running)
        continue
      }
      const askedAtMs = clock.now()
      const max = Math.min(concurrency - running.size, queueLimits.maxReceive)
      try {
        const leases = await receiveUntilLate(source, { max, leaseMs }, stop.signal, abortWork, clock)
        for (const lease of leases) start(lease, askedAtMs)
        retryInMs = polling.minMs
        if (leases.length > 0) {
          idleMs = polling.minMs
        } else {
          await pause(idleMs)
          idleMs = Math.min(polling.maxMs, idleMs * 1.5)
        }
      } catch (error) {
        if (stop.signal.aborted) return
        if (isQueueError(error) && final.has(error.code)) throw error
        retryInMs = Math.min(10 * polling.maxMs, retryInMs * 2)
        logger.warn('receive failed', { error, retryInMs })
        events.emit('receive:failed', error, retryInMs)
        await pause(retryInMs)
      }
    }
  }

  try {
    await takeAll()
  } finally {
    while (running.size > 0) await Promise.race(running)
  }
  return summary
}

/** A receive that is aborted with the work, or a moment after no more messages are wanted. */
async function receiveUntilLate(
  source: Pick<Queue, 'receive'>,
  options: { readonly max: number; readonly leaseMs: number },
  stop: AbortSignal,
  abortWork: AbortSignal,
  clock: Clock,
): Promise<readonly Lease[]> {
  using late = follow(abortWork)
  using done = follow()
  let stopTimer = (): void => {}
  const startCountdown = (): void => {
    stopTimer = clock.setTimer(lastReceiveMs, () => late.abort(stop.reason))
  }
  stop.addEventListener('abort', startCountdown, { once: true, signal: done.signal })
  try {
    return await source.receive({ ...options, signal: late.signal })
  } finally {
    done.abort(null)
    stopTimer()
  }
}
