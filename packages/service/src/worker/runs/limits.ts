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

/** A worker that begins with a run is among the readers of its status after this long: a heartbeat, a status, a look at it. */
const newcomerMs = 5_000
/** The manager forgets a worker that was silent for some time: then it is new again. */
const forgottenMs = 10_000

interface Held {
  readonly bucket: RateLimit
  /** When this worker began with the run, and when it last had an item of it. */
  sinceMs: number
  lastMs: number
}

/**
 * What a run may use of its ceilings here: an equal share of what the whole run may, among the workers that work on it. All
 * items of the run in this worker share it, and a change of the status holds for all of them at once.
 */
export class RunCeilings {
  readonly #clock: Clock
  readonly #held = new Map<string, Held>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * The mounts, held to the run's ceilings; as they are where it has none. Once `halted` aborts, requests that wait for the
   * ceilings are not made: under a low one a walk that stops would read on for minutes.
   */
  hold(status: RunStatus, mounts: readonly Mount[], halted: AbortSignal, limits: ReadLimits): readonly Mount[] {
    if (!hasCeilings(status)) return mounts
    const nowMs = this.#clock.now()
    const held = this.#held.get(status.run) ?? {
      bucket: rateLimit({ clock: this.#clock }),
      sinceMs: nowMs,
      lastMs: nowMs,
    }
    this.#held.set(status.run, held)
    if (nowMs - held.lastMs > forgottenMs) held.sinceMs = nowMs
    const { bucket } = held
    this.#set(held, status)
    return mounts.map((mount) => throttledMount(mount, bucket, { halted, limiter: limits.of(mount) }))
  }

  /**
   * The status was looked at again: its ceilings hold from now on. False where the run's walks run without a ceiling
   * that it has by now: they have to begin anew.
   */
  update(status: RunStatus, held: boolean): boolean {
    const known = this.#held.get(status.run)
    if (known !== undefined) this.#set(known, status)
    return held || !hasCeilings(status)
  }

  #set(held: Held, status: RunStatus): void {
    held.lastMs = this.#clock.now()
    held.bucket.set(shareOf(status, held.lastMs - held.sinceMs < newcomerMs))
  }

  /** Whether requests of the run wait for its ceilings now. */
  holdUp(run: string): boolean {
    return this.#held.get(run)?.bucket.busy ?? false
  }
}

export const hasCeilings = (status: RunStatus): boolean => {
  const { maxBytesPerSecond, maxRequestsPerSecond } = status.ceilings
  return maxBytesPerSecond !== undefined || maxRequestsPerSecond !== undefined
}

/**
 * Workers that have nothing of the run to read take no share of it. A newcomer, which may not be counted yet, leaves room for
 * all that the run may have.
 */
function shareOf({ ceilings, progress }: RunStatus, isNew: boolean): RateCeilings {
  const { workers: most, readers = most } = progress
  const workers = Math.max(1, isNew ? most : readers)
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
