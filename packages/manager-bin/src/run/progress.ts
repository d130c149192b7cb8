import { addCounts, type Beat, type Counts, type ItemResult, type MountState, type Progress } from '@cachewarmer/core'
import type { WorkerView } from '@cachewarmer/status-page'
import type { RunTotals } from '../ledger/ledger.ts'
import type { Expectation } from './expected.ts'
import { WorkersSeen } from './workers-seen.ts'

/** A worker that says nothing for this long is no longer shown. */
const silentMs = 15_000
/** Rates are means over this long. */
const windowMs = 10_000

export interface HeldItems {
  readonly items: number
  /** Units of work in them that are not begun. */
  readonly pending: number
  /** Names of the workers that hold them. */
  readonly workers: readonly string[]
}

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
  readonly #workers = new WorkersSeen()
  /** How each address did when it was last spoken of. */
  readonly #lastSeen = new Map<string, MountState>()
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

  /** When anything was last read. */
  get lastMoveAtMs(): number {
    return this.#lastMoveAtMs
  }

  beat(beat: Beat, nowMs: number): void {
    this.#workers.beat(beat, nowMs)
    this.#lastSignAtMs = nowMs
    const known = this.#items.get(beat.item)
    const other = known !== undefined && known.beat.attempt !== beat.attempt
    if (other && known.beat.counts.files > beat.counts.files) {
      this.#workers.drop(beat)
      return
    }
    if (other) this.#workers.drop(known.beat)
    this.#items.set(beat.item, { beat, atMs: nowMs })
    if (known === undefined || other ? touched(beat.counts) : moved(known.beat.counts, beat.counts))
      this.#lastMoveAtMs = nowMs
  }

  accepted(results: readonly ItemResult[], nowMs: number): void {
    for (const result of results) {
      this.#items.delete(result.item)
      this.#workers.accepted(result, nowMs)
    }
    if (results.length > 0) this.moved(nowMs)
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

  /** Who holds items, as far as they have said so: an attempt is heard of after a beat, or never when it is short. */
  held(nowMs: number): HeldItems {
    this.#dropSilent(nowMs)
    const beats = [...this.#items.values()].map(({ beat }) => beat)
    return {
      items: beats.length,
      pending: beats.reduce((sum, { frontier }) => sum + frontier, 0),
      workers: [...new Set(beats.map(({ worker }) => worker))],
    }
  }

  /** The end of a run: from now on only what the ledger says is shown. */
  end(): void {
    this.#ended = true
    this.#items.clear()
  }

  /** `ceiling`: no more workers than this are admitted. */
  snapshot(totals: RunTotals, workers: { wanted: number; ceiling: number | undefined }, nowMs: number): Progress {
    this.#dropSilent(nowMs)
    let counts: Counts = totals.counts
    for (const { beat } of this.#items.values()) counts = addCounts(counts, beat.counts)
    return {
      counts,
      items: { announced: totals.announced, done: totals.done },
      workers: Math.min(Math.max(this.#workers.size, workers.wanted), workers.ceiling ?? Number.POSITIVE_INFINITY),
      ratesPerSecond: this.#rates(counts, nowMs),
      // The clock may have been set back since, or another machine's said when it started.
      elapsedMs: Math.max(0, nowMs - this.#startedAtMs),
      ...(this.#ended ? {} : this.#expectation.look(counts, nowMs)),
    }
  }

  workers(nowMs: number): WorkerView[] {
    return this.#workers.view(nowMs)
  }

  /** Names of workers that said something of late, the one that was seen first coming first. */
  get workerNames(): readonly string[] {
    return this.#workers.names
  }

  /**
   * The addresses as the workers' last beats describe them together. One that nobody reads from now is as it was last,
   * with nothing in flight: so the report of a run that ended tells of it, too.
   */
  mounts(): MountState[] {
    const live = this.#liveMounts()
    for (const mount of live) this.#lastSeen.set(mount.address, atRest(mount))
    const addresses = new Set(live.map(({ address }) => address))
    return [...live, ...[...this.#lastSeen.values()].filter(({ address }) => !addresses.has(address))]
  }

  #liveMounts(): MountState[] {
    const seen = new Map<string, Told[]>()
    const limits = new Set<string>()
    for (const { beat } of this.#items.values()) {
      for (const mount of beat.mounts) {
        const known = seen.get(mount.address)
        // The items of one worker share its limits of an address.
        const limit = `${beat.worker} ${mount.address}`
        const own = limits.has(limit) ? { ...mount, limit: 0, longReads: undefined } : mount
        limits.add(limit)
        if (known === undefined) seen.set(mount.address, [own])
        else known.push(own)
      }
    }
    return [...seen].map(([address, states]) => together(address, states))
  }

  #dropSilent(nowMs: number): void {
    for (const [item, { beat, atMs }] of this.#items) {
      if (nowMs - atMs <= silentMs) continue
      this.#items.delete(item)
      this.#workers.drop(beat)
    }
    this.#workers.dropSilent(nowMs, silentMs)
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

const atRest = ({ longReads, ...mount }: MountState): MountState => ({
  ...mount,
  inFlight: 0,
  ...(longReads === undefined ? {} : { longReads: { ...longReads, inFlight: 0 } }),
})

/** A mount of a beat; without `longReads` where another beat of the worker has told of them. */
type Told = Omit<MountState, 'longReads'> & { readonly longReads?: LimitState | undefined }
type LimitState = NonNullable<MountState['longReads']>

/** One address as many workers see it: down where one of them finds it down. */
function together(address: string, states: readonly Told[]): MountState {
  const longReads = states.flatMap((state) => state.longReads ?? [])
  return {
    address,
    state: states.some(({ state }) => state === 'down') ? 'down' : 'up',
    ...limitsTogether(states),
    ...(longReads.length === 0 ? {} : { longReads: limitsTogether(longReads) }),
  }
}

/**
 * Requests in flight added up. Percentiles don't add up: shown are the median of the workers' medians and the highest of
 * their 99th percentiles.
 */
function limitsTogether(limits: readonly LimitState[]): LimitState {
  const known = (key: 'p50Ms' | 'p99Ms' | 'floorMs'): number[] =>
    limits.flatMap((limit) => limit[key] ?? []).sort((a, b) => a - b)
  const [p50Ms, p99Ms, floorMs] = [known('p50Ms'), known('p99Ms').at(-1), known('floorMs')[0]]
  const median = p50Ms[Math.floor(p50Ms.length / 2)]
  return {
    inFlight: limits.reduce((sum, { inFlight }) => sum + inFlight, 0),
    limit: limits.reduce((sum, { limit }) => sum + limit, 0),
    ...(median === undefined ? {} : { p50Ms: median }),
    ...(p99Ms === undefined ? {} : { p99Ms }),
    ...(floorMs === undefined ? {} : { floorMs }),
  }
}
