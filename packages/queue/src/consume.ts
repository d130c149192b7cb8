import { follow } from './abort.ts'
import { checkLease, optionInvalid } from './check.ts'
import { type Clock, sleep } from './clock.ts'
import { isQueueError, type QueueErrorCode } from './errors.ts'
import { type ConsumeEventSink, safely } from './events.ts'
import { queueLimits } from './limits.ts'
import { type Logger, type Random, silentLogger } from './ports.ts'
import type { Lease, Queue } from './transport.ts'
import { type Fate, type Handler, handBack, type WorkSettings, work } from './work.ts'

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
