import { type Clock, systemClock } from '@cachewarmer/nfs'
import { WalkError } from '../errors.ts'
import { show } from '../paths.ts'
import { Fifo, type Limiter, type LimitState, type Turns, type TurnTaker } from './limiter.ts'
import { initialLimit, type LimitBounds, type LimitSearch, nextLimit } from './next-limit.ts'

export interface AdaptiveLimitOptions {
  /** Never fewer in flight than this. Default 4. */
  readonly min?: number | undefined
  /** It begins here, and goes below only when the server is in trouble or its latency rises. Default 64. */
  readonly easy?: number | undefined
  /** Never more in flight than this. Default 1024. */
  readonly max?: number | undefined
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/** What an NFS client tells as it happens; an `NfsObserver` of @cachewarmer/nfs. */
export interface LatencyObserver {
  /** A reply came. Only READs count: the others take their own time. */
  latency(ms: number, procedure?: string): void
  /** The server asked for a pause. */
  jukebox(): void
  timeout(): void
  reconnect(): void
}

export interface AdaptiveLimit extends Limiter, LatencyObserver {
  readonly turns: Turns
  readonly state: LimitState
}

/**
 * A window lasts at least `ms`, fills the limit `rounds` times, and has at least `windowTasks` tasks. While the limit
 * doubles, gains and losses are large and show in a short window; later small gains have to be told apart from noise.
 */
const shortWindow = { ms: 50, rounds: 2 }
const longWindow = { ms: 200, rounds: 4 }
const windowTasks = 8
/** Requests put off, as a share of the limit, that mean trouble; up to a hundred in flight a single one does. */
const jukeboxShare = 0.01
/** Share of a window's tasks that ended while others waited, from which on the limit was what held them back. */
const fullShare = 0.9

/**
 * A limit that finds out by itself how many tasks at a time are worth while, and begins them in the order in which they
 * came: it grows while throughput does, goes back to the fewest that keep it, and halves when the server is in trouble.
 * It is not told the latency. Tasks that fail are not measured: nothing fails as fast as a dead server.
 */
export function adaptiveLimit(options: AdaptiveLimitOptions = {}): AdaptiveLimit {
  const { min = 4, easy = 64, max = 1024, clock = systemClock } = options
  for (const [field, value] of Object.entries({ min, easy, max }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new WalkError('OPTION_INVALID', `${field} is ${show(value)}, expected a whole number of at least 1`)
  return new Controller({ min: Math.min(min, max), easy: Math.min(Math.max(min, easy), max), max }, clock)
}

class Controller implements AdaptiveLimit, Turns {
  private readonly clock: Pick<Clock, 'now'>
  private readonly bounds: LimitBounds
  /** Those who wait, each to be handed a place. */
  private readonly line = new Fifo<TurnTaker>()
  /** Places are being given away: a task that gives one back meanwhile need not start this again. */
  private handingOver = false
  private decision: LimitSearch
  private inFlight = 0
  /** Tasks still to end before the limit's effect can be seen: those that began under the limit before. */
  private settling = 0
  private windowBegan: number
  private tasks = 0
  private heldBack = 0
  /** Until then trouble is the echo of trouble that has been answered. */
  private deafUntil = Number.NEGATIVE_INFINITY
  private jukeboxes = 0
  private readonly durations = new Samples()
  private readonly latencies = new Samples()
  /** Latencies of the last window. */
  private measured: { readonly p50Ms: number; readonly p99Ms: number; readonly floorMs: number } | undefined

  constructor(bounds: LimitBounds, clock: Pick<Clock, 'now'>) {
    this.bounds = bounds
    this.clock = clock
    this.decision = initialLimit(bounds.easy)
    this.windowBegan = clock.now()
    this.settling = bounds.easy
  }

  get state(): LimitState {
    const { limit } = this.decision
    const inFlight = this.inFlight
    const waiting = this.line.length
    // No spread: a walk looks at this with every file.
    if (this.measured === undefined) return { inFlight, limit, waiting }
    const { p50Ms, p99Ms, floorMs } = this.measured
    return { inFlight, limit, waiting, p50Ms, p99Ms, floorMs }
  }

  get turns(): Turns {
    return this
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    await new Promise<void>((begin, fail) => {
      if (this.take({ begin, fail })) begin()
    })
    const began = this.clock.now()
    let tookMs: number | undefined
    try {
      const result = await task()
      tookMs = this.clock.now() - began
      return result
    } finally {
      this.give(tookMs)
    }
  }

  take(taker: TurnTaker): boolean {
    if (this.inFlight < this.decision.limit) {
      this.inFlight++
      return true
    }
    this.line.push(taker)
    return false
  }

  give(tookMs: number | undefined): void {
    if (tookMs !== undefined) this.measure(tookMs)
    this.inFlight--
    this.beginWaiting()
  }

  latency(ms: number, procedure = 'READ'): void {
    if (procedure === 'READ') this.latencies.add(ms)
  }

  jukebox(): void {
    if (++this.jukeboxes >= this.decision.limit * jukeboxShare) this.trouble()
  }

  timeout(): void {
    this.trouble()
  }

  reconnect(): void {
    this.trouble()
  }

  /** Calls do not nest: a task that waited may give its place back at once. */
  private beginWaiting(): void {
    if (this.handingOver) return
    this.handingOver = true
    try {
      while (this.inFlight < this.decision.limit) {
        const next = this.line.shift()
        if (!next) return
        this.inFlight++
        next.begin()
      }
    } finally {
      this.handingOver = false
    }
  }

  /**
   * A window ends after a whole multiple of the limit's tasks: so it lasts that many rounds, even when all answers come at
   * once and at whichever moment it began.
   */
  private measure(tookMs: number): void {
    const now = this.clock.now()
    this.durations.add(tookMs)
    if (this.settling > 0) {
      if (--this.settling === 0) this.open(now)
      return
    }
    this.tasks++
    const { limit, phase } = this.decision
    // At its bound no task may be left to wait, if the walk begins no more than that: then it is enough that all is in use.
    if (this.line.length > 0 || (limit === this.bounds.max && this.inFlight >= fullShare * limit)) this.heldBack++
    const { ms, rounds } = phase === 'start' ? shortWindow : longWindow
    if (this.tasks % limit === 0 && this.tasks >= Math.max(rounds * limit, windowTasks) && now - this.windowBegan >= ms)
      this.close(now)
  }

  private open(now: number): void {
    this.windowBegan = now
    this.tasks = 0
    this.heldBack = 0
    this.jukeboxes = 0
    this.durations.clear()
    this.latencies.clear()
  }

  private close(now: number): void {
    const observed = this.latencies.any ? this.latencies : this.durations
    const [p50Ms = 0, p99Ms = 0] = observed.quantiles(0.5, 0.99)
    const floorMs = Math.min(this.measured?.floorMs ?? Number.POSITIVE_INFINITY, p50Ms)
    this.measured = { p50Ms, p99Ms, floorMs }
    const rate = this.tasks / (now - this.windowBegan)
    const full = this.heldBack >= this.tasks * fullShare
    this.decide({ rate, latencyMs: p50Ms, floorMs, full, troubled: false }, now)
  }

  private trouble(): void {
    const now = this.clock.now()
    if (now < this.deafUntil) return
    this.deafUntil = now + Math.max(shortWindow.ms, 2 * (this.measured?.p50Ms ?? 0))
    this.decide({ rate: 0, latencyMs: 0, floorMs: 0, full: false, troubled: true }, now)
  }

  private decide(window: Parameters<typeof nextLimit>[1], now: number): void {
    const before = this.decision.limit
    this.decision = nextLimit(this.decision, window, this.bounds)
    const { limit } = this.decision
    this.open(now)
    if (limit === before) return
    this.settling = Math.max(before, limit)
    this.beginWaiting()
  }
}

const kept = 1024

/** The latest 1024 of a series of figures, for their quantiles. */
export class Samples {
  private readonly ring = new Float64Array(kept)
  private added = 0

  get any(): boolean {
    return this.added > 0
  }

  add(value: number): void {
    this.ring[this.added++ % kept] = value
  }

  /** The value that this share of all lies below or at, for each share; NaN where there is none. */
  quantiles(...shares: readonly number[]): number[] {
    const sorted = this.ring.slice(0, Math.min(this.added, kept)).sort()
    return shares.map((share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN)
  }

  clear(): void {
    this.added = 0
  }
}
