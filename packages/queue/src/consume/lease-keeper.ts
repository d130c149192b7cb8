import { follow } from '../port/abort.ts'
import { type Clock, sleep, steadyClock } from '../port/clock.ts'
import { isQueueError, QueueError, type QueueErrorCode } from '../port/errors.ts'
import { type Lease, type Logger, silentLogger } from '../port/queue.ts'

export interface KeepLeaseOptions {
  /** How long each renewal lasts. Renewed when a third of it is over. */
  readonly leaseMs: number
  /** Default: `steadyClock`. */
  readonly clock?: Clock | undefined
  /** The clock's reading before the lease was asked for, from which it surely still lasts `leaseMs`. Default: now. */
  readonly askedAtMs?: number | undefined
  readonly logger?: Logger | undefined
  /** Aborts the keeper's `signal` too, with its own reason. The lease is kept all the same, until `stop()`. */
  readonly signal?: AbortSignal | undefined
}

export interface LeaseKeeper extends AsyncDisposable {
  /** Aborts at once, with a `LEASE_LOST` error as its reason, when the lease is not or may not be ours any more. */
  readonly signal: AbortSignal
  /** That error, also where `signal` was aborted for another reason before. */
  readonly lost: QueueError | undefined
  /**
   * Stops renewing, so that the lease runs out unless it is completed or given back. Waits for a renewal that is on
   * its way (a receipt must not change behind a `complete`), at most until the lease has run out. Call it as often as you like;
   * `await using` calls it.
   */
  stop(): Promise<void>
}

/** After these nothing helps: another reader has the message, it was deleted, or the service is closed. */
const final: ReadonlySet<QueueErrorCode> = new Set([
  'LEASE_LOST',
  'QUEUE_NOT_FOUND',
  'CLOSED',
  'OPTION_INVALID',
  'FILE_LOST',
])

/**
 * Keeps a lease alive while its holder works. Every other failure than a final one is taken for a passing one and
 * tried again until the lease has run out by the clock: a process that was stopped for longer than its lease
 * finds it lost when it wakes up, before it does anything else in the belief that it still holds it.
 */
export function keepLease(lease: Pick<Lease, 'renew' | 'id'>, options: KeepLeaseOptions): LeaseKeeper {
  const { leaseMs, clock = steadyClock, signal: outer, logger = silentLogger } = options
  const work = follow(outer)
  const stopped = new AbortController()
  let endsAtMs = (options.askedAtMs ?? clock.now()) + leaseMs
  let lost: QueueError | undefined

  const lose = (why: string, cause?: unknown): void => {
    const queue = isQueueError(cause) ? cause.queue : 'lease'
    lost = new QueueError('LEASE_LOST', queue, `message ${lease.id}: ${why}`, { cause })
    work.abort(lost)
    logger.warn('lease lost', { messageId: lease.id, why })
  }

  /** Hears of the lease's end even where the renewal hangs. */
  const renewOnce = async (): Promise<void> => {
    const askedAtMs = clock.now()
    const over = new AbortController()
    const answer = lease.renew(leaseMs, { signal: over.signal }).then(() => 'renewed' as const)
    const end = sleep(clock, Math.min(leaseMs, endsAtMs - askedAtMs), over.signal).then(() => 'ran out' as const)
    try {
      if ((await Promise.race([answer, end])) === 'renewed') endsAtMs = askedAtMs + leaseMs
    } finally {
      over.abort(new QueueError('LEASE_LOST', 'lease', 'the lease ran out during its renewal'))
    }
  }

  const keep = async (): Promise<void> => {
    let waitMs = endsAtMs - (leaseMs * 2) / 3 - clock.now()
    let problem: unknown
    while (!stopped.signal.aborted) {
      await sleep(clock, Math.min(waitMs, leaseMs / 3, endsAtMs - clock.now()), stopped.signal).catch(() => {})
      if (clock.now() >= endsAtMs) return lose('its time ran out before it could be renewed', problem)
      if (stopped.signal.aborted) return
      try {
        await renewOnce()
        problem = undefined
        waitMs = endsAtMs - (leaseMs * 2) / 3 - clock.now()
      } catch (error) {
        if (isQueueError(error) && final.has(error.code)) return lose('it could not be renewed', error)
        logger.warn('renewal failed', { messageId: lease.id, error })
        problem = error
        waitMs = leaseMs / 20
      }
    }
  }
  const kept = keep()
  const stop = async (): Promise<void> => {
    stopped.abort(null)
    await kept
    work[Symbol.dispose]()
  }

  return {
    signal: work.signal,
    get lost() {
      return lost
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
