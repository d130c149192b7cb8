import { addCounts, type Beat, type Counts, type ItemResult, type MountState, type Progress } from '@cachewarmer/core'
import type { RunTotals } from '../ledger/ledger.ts'

/** A worker that says nothing for this long is no longer shown. */
const silentMs = 15_000
/** Rates are means over this long. */
const windowMs = 10_000

interface LiveAttempt {
  readonly beat: Beat
  readonly atMs: number
}

/**
 * What people see of a run while it goes on: the ledger's totals and, on top, what the attempts under way say that they
 * have read so far. Nothing here decides anything but whether a run still moves.
 */
export class RunProgress {
  readonly #startedAtMs: number
  /** By item: of two attempts at one item the one that is ahead is shown. */
  readonly #items = new Map<string, LiveAttempt>()
  readonly #workers = new Map<string, number>()
  #samples: { atMs: number; files: number; bytes: number }[] = []
  #lastSignAtMs: number
  #lastMoveAtMs: number

  constructor(startedAtMs: number, nowMs: number) {
    this.#startedAtMs = startedAtMs
    this.#lastSignAtMs = nowMs
    this.#lastMoveAtMs = nowMs
  }

  /** When a worker last said anything. */
  get lastSignAtMs(): number {
    return this.#lastSignAtMs
  }

  /** When anything was last read. */
  get lastMoveAtMs(): number {
    return this.#lastMoveAtMs
  }

  beat(beat: Beat, nowMs: number): void {
    this.#workers.set(beat.worker, nowMs)
    this.#lastSignAtMs = nowMs
    const known = this.#items.get(beat.item)
    const other = known !== undefined && known.beat.attempt !== beat.attempt
    if (other && known.beat.counts.files > beat.counts.files) return
    this.#items.set(beat.item, { beat, atMs: nowMs })
    if (known === undefined || other ? touched(beat.counts) : moved(known.beat.counts, beat.counts))
      this.#lastMoveAtMs = nowMs
  }

  accepted(results: readonly ItemResult[], nowMs: number): void {
    for (const { item, worker } of results) {
      this.#items.delete(item)
      this.#workers.set(worker, nowMs)
    }
    if (results.length > 0) this.moved(nowMs)
  }

  moved(nowMs: number): void {
    this.#lastSignAtMs = nowMs
    this.#lastMoveAtMs = nowMs
  }

  /** The end of a run: from now on only what the ledger says is shown. */
  end(): void {
    this.#items.clear()
  }

  snapshot(totals: RunTotals, wantedWorkers: number, nowMs: number): Progress {
    this.#dropSilent(nowMs)
    let counts: Counts = totals.counts
    for (const { beat } of this.#items.values()) counts = addCounts(counts, beat.counts)
    return {
      counts,
      items: { announced: totals.announced, done: totals.done },
      workers: Math.max(this.#workers.size, wantedWorkers),
      ratesPerSecond: this.#rates(counts, nowMs),
      // The clock may have been set back since, or another machine's said when it started.
      elapsedMs: Math.max(0, nowMs - this.#startedAtMs),
    }
  }

  /** The addresses as the workers' last beats describe them; requests in flight are added up. */
  mounts(): MountState[] {
    const merged = new Map<string, MountState>()
    for (const { beat } of this.#items.values()) {
      for (const mount of beat.mounts) {
        const known = merged.get(mount.address)
        merged.set(
          mount.address,
          known === undefined
            ? mount
            : {
                ...mount,
                state: known.state === 'down' ? 'down' : mount.state,
                inFlight: known.inFlight + mount.inFlight,
                limit: known.limit + mount.limit,
              },
        )
      }
    }
    return [...merged.values()]
  }

  #dropSilent(nowMs: number): void {
    for (const [item, live] of this.#items) if (nowMs - live.atMs > silentMs) this.#items.delete(item)
    for (const [worker, atMs] of this.#workers) if (nowMs - atMs > silentMs) this.#workers.delete(worker)
  }

  #rates(counts: Counts, nowMs: number): Progress['ratesPerSecond'] {
    this.#samples.push({ atMs: nowMs, files: counts.files, bytes: counts.bytes })
    this.#samples = this.#samples.filter(({ atMs }) => nowMs - atMs <= windowMs)
    const first = this.#samples[0]
    const seconds = first === undefined ? 0 : (nowMs - first.atMs) / 1_000
    if (first === undefined || seconds <= 0) return { files: 0, bytes: 0 }
    // An attempt that died takes its beats with it: progress may step back, a rate never goes below zero.
    return {
      files: Math.max(0, counts.files - first.files) / seconds,
      bytes: Math.max(0, counts.bytes - first.bytes) / seconds,
    }
  }
}

const touched = (counts: Counts): boolean => counts.files > 0 || counts.bytes > 0 || counts.directories > 0
const moved = (before: Counts, after: Counts): boolean =>
  after.files !== before.files || after.bytes !== before.bytes || after.directories !== before.directories
