import {
  addCounts,
  type Counts,
  type Heartbeat,
  type HeldAttempt,
  type ItemResult,
  largestCount,
  type MountState,
  type Progress,
} from '@cachewarmer/core'
import type { WorkerView } from '../../report/page/index.ts'
import type { RunTotals } from '../ledger/ledger.ts'
import type { Expectation } from './expected.ts'
import { AddressesSeen, type Live, WorkersSeen } from './workers-seen.ts'

/** A worker that says nothing for this long is no longer shown. */
const silentMs = 15_000
/** Rates are means over this long. */
const windowMs = 10_000
/** Items with a result that are remembered: a heartbeat that was overtaken by the result must not bring them back. */
const mostDone = 10_000

export interface HeldItems {
  readonly items: number
  /** Units of work in them that are not begun. */
  readonly pending: number
  /** Names of the workers that hold them. */
  readonly workers: readonly string[]
}

/**
 * What people see of a run under way: the ledger's totals and, on top, what the attempts under way say that they
 * have read so far. Nothing here decides anything but whether a run still moves.
 */
export class RunProgress {
  readonly #startedAtMs: number
  readonly #workers = new WorkersSeen()
  readonly #addresses = new AddressesSeen()
  readonly #movement = new Movement()
  readonly #done = new Set<string>()
  readonly #expectation: Expectation
  #samples: { atMs: number; files: number; bytes: number }[] = []
  #ended = false
  #lastSignAtMs: number
  #lastMoveAtMs: number

  constructor(startedAtMs: number, nowMs: number, expectation: Expectation) {
    this.#startedAtMs = startedAtMs
    this.#expectation = expectation
    this.#lastSignAtMs = nowMs
    this.#lastMoveAtMs = nowMs
  }

  /** When a worker last said anything. */
  get lastSignAtMs(): number {
    return this.#lastSignAtMs
  }

  /** When a worker last read a byte, or dealt with a file or directory. */
  get lastMoveAtMs(): number {
    return this.#lastMoveAtMs
  }

  /** Whether requests of a worker that was heard of late wait for the run's own ceiling. */
  waitsForCeiling(nowMs: number): boolean {
    this.#workers.dropSilent(nowMs, silentMs)
    return this.#workers.waitsFor?.ceiling === true
  }

  heartbeat(heartbeat: Heartbeat, nowMs: number): void {
    const { worker, attempts, others } = heartbeat
    this.#lastSignAtMs = nowMs
    const open = attempts.filter(({ item }) => !this.#done.has(item))
    for (const held of open) this.#see(held.attempt, held, nowMs)
    if (others !== undefined) this.#see(`others of ${worker}`, others, nowMs)
    const shown = open.filter((held) => !isBehind(held, this.#workers.holding(held.item)))
    this.#workers.heartbeat(heartbeat, shown, nowMs)
  }

  accepted(results: readonly ItemResult[], nowMs: number): void {
    for (const result of results) {
      this.#done.add(result.item)
      this.#workers.accepted(result, nowMs)
      // A result that only hands its item on has moved nothing.
      if (result.counts.bytes > 0 || dealtWith(result.counts) > 0) this.#lastMoveAtMs = nowMs
    }
    for (const oldest of this.#done) {
      if (this.#done.size <= mostDone) break
      this.#done.delete(oldest)
    }
    if (results.length > 0) this.#lastSignAtMs = nowMs
  }

  moved(nowMs: number): void {
    this.#lastSignAtMs = nowMs
    this.#lastMoveAtMs = nowMs
  }

  /** The run rested, or rests: how fast it was says nothing about how fast it will be. */
  rested(nowMs: number): void {
    this.moved(nowMs)
    this.#expectation.restart()
  }

  /** Who holds items, as far as they have said so: an attempt is heard of after a heartbeat, or never when it is short. */
  held(nowMs: number): HeldItems {
    this.#workers.dropSilent(nowMs, silentMs)
    const pending = this.#workers.live.reduce((sum, { frontier }) => sum + frontier, 0)
    return { items: this.#workers.items, pending, workers: this.#workers.holders }
  }

  /** The end of a run: from now on only what the ledger says is shown. */
  end(): void {
    this.#ended = true
    this.#workers.end()
  }

  /** `ceiling`: no more workers than this are admitted. */
  snapshot(totals: RunTotals, workers: { wanted: number; ceiling: number | undefined }, nowMs: number): Progress {
    this.#workers.dropSilent(nowMs, silentMs)
    const { live, largest, waitsFor } = this.#workers
    const bytesInFlight = Math.min(
      largestCount,
      live.reduce((sum, one) => sum + one.bytesInFlight, 0),
    )
    const complete = live.reduce((sum, one) => addCounts(sum, one.counts), totals.counts)
    const counts: Counts = { ...complete, bytes: Math.min(largestCount, complete.bytes + bytesInFlight) }
    return {
      counts,
      ...(bytesInFlight === 0 ? {} : { bytesInFlight }),
      ...(largest.length === 0 ? {} : { largest }),
      ...(waitsFor === undefined ? {} : { waitsFor }),
      items: { announced: totals.announced, done: totals.done },
      workers: Math.min(Math.max(this.#workers.size, workers.wanted), workers.ceiling ?? Number.POSITIVE_INFINITY),
      readers: this.#workers.size,
      ratesPerSecond: this.#rates(counts, nowMs),
      // The clock may have been set back since, or another machine's said when it started.
      elapsedMs: Math.max(0, nowMs - this.#startedAtMs),
      ...(this.#ended ? {} : this.#expectation.look(counts, nowMs, bytesInFlight)),
    }
  }

  workers(nowMs: number): WorkerView[] {
    return this.#workers.view(nowMs)
  }

  /** Names of workers that said something of late, the one that was seen first coming first. */
  get workerNames(): readonly string[] {
    return this.#workers.names
  }

  /** The addresses as the workers' last heartbeats describe them together. */
  mounts(): MountState[] {
    return this.#addresses.look(this.#workers.limits)
  }

  #see(attempt: string, { bytesArrived, counts }: Live, nowMs: number): void {
    if (this.#movement.sees(attempt, bytesArrived + dealtWith(counts), this.#workers.most)) this.#lastMoveAtMs = nowMs
  }

  #rates(counts: Counts, nowMs: number): Progress['ratesPerSecond'] {
    this.#samples.push({ atMs: nowMs, files: counts.files, bytes: counts.bytes })
    this.#samples = this.#samples.filter(({ atMs }) => nowMs - atMs <= windowMs)
    const first = this.#samples[0]
    const seconds = first === undefined ? 0 : (nowMs - first.atMs) / 1_000
    if (first === undefined || seconds <= 0) return { files: 0, bytes: 0 }
    // An attempt that died takes its heartbeats with it: progress may step back, a rate never goes below zero.
    return {
      files: Math.max(0, counts.files - first.files) / seconds,
      bytes: Math.max(0, counts.bytes - first.bytes) / seconds,
    }
  }
}

/** Of two attempts at one item the one that is ahead is shown. */
const isBehind = (held: HeldAttempt, known: HeldAttempt | undefined): boolean =>
  known !== undefined &&
  known.attempt !== held.attempt &&
  (known.counts.files > held.counts.files || known.bytesArrived > held.bytesArrived)

/** Attempts that are remembered. Twice as many as are live, where that is more. */
const leastRemembered = 10_000

/** Files, directories and entries that are dealt with, also those that failed. */
const dealtWith = ({ directories, files, entriesSkipped, specialSkipped, failures }: Counts): number =>
  directories + files + entriesSkipped + specialSkipped + Object.values(failures).reduce((sum, count) => sum + count, 0)

/**
 * Tells work from talk. An attempt moves when it has done more than it ever had before: repeating its numbers is no
 * movement, nor is falling back and catching up, nor a message that comes late or twice. A new attempt at the same item
 * counts from zero, as it really reads; how often that may happen is bounded by the deliveries of an item.
 */
class Movement {
  /** By attempt: the most that it had done. The one heard of last comes last. */
  readonly #most = new Map<string, number>()

  /** True when the attempt has done more than ever before. */
  sees(attempt: string, done: number, live: number): boolean {
    const most = this.#most.get(attempt) ?? 0
    this.#most.delete(attempt)
    this.#most.set(attempt, Math.max(most, done))
    for (const oldest of this.#most.keys()) {
      if (this.#most.size <= Math.max(leastRemembered, 2 * live)) break
      this.#most.delete(oldest)
    }
    return done > most
  }
}
