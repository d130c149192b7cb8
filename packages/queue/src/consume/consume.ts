import { follow } from '../port/abort.ts'
import { type Clock, sleep } from '../port/clock.ts'
import { isQueueError, type QueueErrorCode } from '../port/errors.ts'
import { type Lease, type Queue, queueLimits } from '../port/queue.ts'
import { deliver, type Fate, type Handler, handBack } from './delivery.ts'
import { type ConsumeOptions, resolveConsumeOptions, type Source } from './options.ts'

/**
 * How many messages were completed; given back, on the handler's wish or as we were stopping; moved to the dead letters;
 * lost, because the lease was or they could not be completed, so that they come again; failed, as the handler threw, and
 * given back.
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

const isFinal = (error: unknown): boolean => isQueueError(error) && final.has(error.code)

/** Time limit of a `receive` after `stopTaking`: cut short, what it took would stay hidden for a whole lease. */
const lastReceiveMs = 2_000

/**
 * Receives messages, keeps their leases, hands them to `handler` and completes them or gives them back, until told to
 * stop. Returns when the last handler has returned: one that ignores its signal holds it up. `work` is the same with a
 * `stop()`.
 * Throws what `receive` threw where that is final (`QUEUE_NOT_FOUND`, `CLOSED`, bad options), after the last handler too,
 * and at once where there is no queue for dead letters. Any other failure of `receive` is told to the observer and retried
 * with growing pauses, up to `10 * polling.maxMs`.
 */
export async function consume<T = unknown>(
  source: Source,
  handler: Handler<T>,
  options: ConsumeOptions<T> = {},
): Promise<ConsumeSummary> {
  const settings = resolveConsumeOptions(source, options)
  const { clock, random, polling, concurrency, leaseMs, abortWork, logger, tell } = settings
  const summary: ConsumeSummary = { completed: 0, givenBack: 0, deadLettered: 0, lost: 0, failed: 0 }
  const running = new Set<Promise<void>>()
  using stop = follow(settings.stopTaking, abortWork)

  const start = (lease: Lease, askedAtMs: number): void => {
    const fate = stop.signal.aborted ? handBack(lease, 0, settings) : deliver(lease, askedAtMs, handler, settings)
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
        } else if (settings.stopWhenEmpty && running.size === 0) {
          return
        } else {
          await pause(idleMs)
          idleMs = Math.min(polling.maxMs, idleMs * 1.5)
        }
      } catch (error) {
        if (stop.signal.aborted) return
        if (isFinal(error)) throw error
        retryInMs = Math.min(10 * polling.maxMs, retryInMs * 2)
        logger.warn('receive failed', { error, retryInMs })
        tell('receiveFailed', error, retryInMs)
        await pause(retryInMs)
      }
    }
  }

  // Found out now, and not after the last delivery of the first message that fails.
  const { deadLetter } = settings
  if (deadLetter !== undefined && !stop.signal.aborted)
    await deadLetter.peek({ max: 1, signal: stop.signal }).catch((error: unknown) => {
      if (isFinal(error)) throw error
    })

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
