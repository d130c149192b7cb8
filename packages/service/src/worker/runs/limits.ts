import type { RunStatus } from '@cachewarmer/core'
import type { Clock } from '@cachewarmer/queue'
import {
  type Limiter,
  type Mount,
  type RateCeilings,
  type RateLimit,
  rateLimit,
  throttledMount,
} from '@cachewarmer/walker'
import pLimit from 'p-limit'

/**
 * What a run may use of its ceilings here: an equal share of what the whole run may, among the workers that its status
 * counts. All items of the run in this worker share it, and a change of the status holds for all of them at once.
 */
export class RunCeilings {
  readonly #clock: Clock
  readonly #buckets = new Map<string, RateLimit>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * The mounts, held to the run's ceilings; as they are where it has none. Once `halted` aborts, requests that wait for the
   * ceilings are not made: under a low one a walk that stops would read on for minutes.
   */
  hold(status: RunStatus, mounts: readonly Mount[], halted: AbortSignal, limits: ReadLimits): readonly Mount[] {
    if (!hasCeilings(status)) return mounts
    const bucket = this.#buckets.get(status.run) ?? rateLimit({ clock: this.#clock })
    this.#buckets.set(status.run, bucket)
    bucket.set(shareOf(status))
    return mounts.map((mount) => throttledMount(mount, bucket, { halted, limiter: limits.of(mount) }))
  }

  /**
   * The status was looked at again: its ceilings hold from now on. False where the run's walks run without a ceiling
   * that it has by now: they have to begin anew.
   */
  update(status: RunStatus, held: boolean): boolean {
    this.#buckets.get(status.run)?.set(shareOf(status))
    return held || !hasCeilings(status)
  }

  /** Whether requests of the run wait for its ceilings now. */
  holdUp(run: string): boolean {
    return this.#buckets.get(run)?.busy ?? false
  }
}

export const hasCeilings = (status: RunStatus): boolean => {
  const { bytesPerSecond, requestsPerSecond } = shareOf(status)
  return bytesPerSecond !== undefined || requestsPerSecond !== undefined
}

function shareOf({ ceilings, progress }: RunStatus): RateCeilings {
  const workers = Math.max(1, progress.workers)
  const share = (whole: number | undefined): number | undefined => (whole === undefined ? undefined : whole / workers)
  return {
    bytesPerSecond: share(ceilings.maxBytesPerSecond),
    requestsPerSecond: share(ceilings.maxRequestsPerSecond),
  }
}

/** Whether this worker may work on the run: once as many as its ceiling allows do, the others leave it alone. */
export const isAdmitted = ({ admitted }: RunStatus, worker: string): boolean =>
  admitted === undefined || admitted.includes(worker)

/**
 * One limit per address, shared by all items of this worker: what is in flight through it is bounded as a whole. A mount
 * that brings a limit of its own knows better.
 */
export class ReadLimits {
  readonly #concurrency: number
  readonly #limits = new Map<string, Limiter>()

  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  of(mount: Mount): Limiter {
    let limit = mount.limiter ?? this.#limits.get(mount.name)
    if (limit === undefined) {
      limit = { run: pLimit(Math.min(this.#concurrency, mount.maxInFlight)) }
      this.#limits.set(mount.name, limit)
    }
    return limit
  }
}
