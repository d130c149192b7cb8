import type { Clock } from '@cachewarmer/queue'
import type { SimClock } from './sim-clock.ts'

/**
 * A simulated process. Killing it is like a real kill: its pending requests may still take effect, but no answer
 * reaches it any more, so none of its code runs past the await it stands at. A stalled one hears everything later, all
 * at once, in an order of chance.
 */
export class Life {
  readonly name: string
  /** Began with its machine's idea of the time, and is not set any more: see `steadyClock`. */
  readonly clock: Clock
  readonly #sim: SimClock
  #dead = false
  #troubledAtMs: number
  #held: (() => void)[] | undefined
  #wallMs = 0
  #timers = 0
  #onDeath: (() => void)[] = []

  constructor(name: string, sim: SimClock, aheadMs: number) {
    this.name = name
    this.#sim = sim
    this.#wallMs = aheadMs
    this.#troubledAtMs = sim.nowMs
    this.clock = {
      now: () => sim.nowMs + this.#wallMs,
      setTimer: (ms, run) => this.#setTimer(ms, run),
    }
  }

  get dead(): boolean {
    return this.#dead
  }

  get stalled(): boolean {
    return this.#held !== undefined
  }

  /**
   * When something last went wrong for it, its start and its end included: what it should do may take longer after
   * that.
   */
  get troubledAtMs(): number {
    return this.stalled ? this.#sim.nowMs : this.#troubledAtMs
  }

  trouble(): void {
    this.#troubledAtMs = this.#sim.nowMs
  }

  /** Timers that have not run: none is left of a process that ended, or it leaks. */
  get timers(): number {
    return this.#timers
  }

  kill(): void {
    if (this.#dead) return
    this.#dead = true
    this.#held = undefined
    this.trouble()
    for (const tell of this.#onDeath.splice(0)) tell()
  }

  onDeath(tell: () => void): void {
    this.#onDeath.push(tell)
  }

  stall(): void {
    if (!this.#dead) this.#held ??= []
  }

  wake(shuffle: (list: (() => void)[]) => void): void {
    const held = this.#held ?? []
    this.#held = undefined
    this.trouble()
    shuffle(held)
    for (const hear of held) this.hear(hear)
  }

  /** Its clock goes forward at once, as after a pause of the machine that it runs on. Waiting takes as long as ever. */
  leap(byMs: number): void {
    this.#wallMs += byMs
    this.trouble()
  }

  /** Something reaches the process: now, when it wakes, or never. */
  hear(act: () => void): void {
    if (this.#dead) return
    if (this.#held !== undefined) this.#held.push(act)
    else act()
  }

  #setTimer(ms: number, run: () => void): () => void {
    if (this.#dead) return () => {}
    this.#timers += 1
    let over = false
    const end = (): boolean => {
      if (over) return false
      over = true
      this.#timers -= 1
      return true
    }
    // As Node's timers: none is shorter than a millisecond.
    const cancel = this.#sim.after(Math.max(1, ms), () =>
      this.hear(() => {
        if (end()) run()
      }),
    )
    return () => {
      if (end()) cancel()
    }
  }
}
