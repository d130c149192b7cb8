/** A task that waits for a place. */
export interface TurnTaker {
  /** A place is taken for it. Must not throw. */
  begin(): void
  /** No place will come. */
  fail(error: unknown): void
}

/** A limit's places, taken and given back one by one. */
export interface Turns {
  /** True: a place is free and taken. Else `taker` hears of its own later, in the order of the calls. */
  take(taker: TurnTaker): boolean
  /** Gives a place back, with the milliseconds that its task took; undefined: it failed, or there was none. */
  give(tookMs: number | undefined): void
}

/** Bounds what is in flight at one mount. Several walks may share one. `{ run: pLimit(8) }` is one. */
export interface Limiter {
  /** Calls `task` once, at the latest when all that was asked for before has ended, and settles as it does. */
  run<T>(task: () => Promise<T>): Promise<T>
  /** The same in two steps, where the limit offers them: of a million tasks they cost less than `run`. */
  readonly turns?: Turns | undefined
  /** What it is doing, where it tells. */
  readonly state?: LimitState | undefined
}

/** How a limit is doing, as reports show it. Latencies are of the last window; absent before one was measured. */
export interface LimitFigures {
  /** Requests in flight, and how many are allowed now. */
  readonly inFlight: number
  readonly limit: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  /** The lowest median of any window: about the round trip. */
  readonly floorMs?: number
}

export interface LimitState extends LimitFigures {
  /** Tasks that wait for their turn. */
  readonly waiting: number
}

/** Where nothing is bounded. */
const boundless: Turns = { take: () => true, give: () => {} }

/** A limit's places. If a limit offers no places, each place is a task of it that lasts until the place is given back. */
export const turnsOf = (limiter: Limiter | undefined): Turns =>
  limiter ? (limiter.turns ?? new TaskTurns(limiter)) : boundless

class TaskTurns implements Turns {
  private readonly limiter: Limiter
  private readonly ends: (() => void)[] = []

  constructor(limiter: Limiter) {
    this.limiter = limiter
  }

  take(taker: TurnTaker): boolean {
    let hasBegun = false
    const task = (): Promise<void> =>
      new Promise((end) => {
        hasBegun = true
        this.ends.push(end)
        taker.begin()
      })
    // A task that has begun ends by itself; a later error of the limiter does not matter.
    const fail = (error: unknown): void => {
      if (!hasBegun) taker.fail(error)
    }
    try {
      this.limiter.run(task).catch(fail)
    } catch (error) {
      // As late as all others: who takes a turn hears nothing before this has returned.
      queueMicrotask(() => fail(error))
    }
    return false
  }

  give(): void {
    this.ends.shift()?.()
  }
}

/** Counts what is in flight. A caller that finds no slot free waits in line. */
export class Slots {
  private free: number
  private readonly line: (() => void)[] = []

  constructor(count: number) {
    this.free = count
  }

  /** Takes a slot if one is free. */
  tryTake(): boolean {
    if (this.free === 0) return false
    this.free--
    return true
  }

  /** Settles with a slot taken. */
  take(): Promise<void> {
    if (this.tryTake()) return Promise.resolve()
    return new Promise((resolve) => this.line.push(resolve))
  }

  give(): void {
    const next = this.line.shift()
    if (next) next()
    else this.free++
  }
}

interface Link<T> {
  readonly value: T
  next: Link<T> | undefined
}

/** First in, first out. Both ends take the same time however long the line is, which an array's `shift` does not. */
export class Fifo<T> {
  private first: Link<T> | undefined
  private last: Link<T> | undefined
  private count = 0

  get length(): number {
    return this.count
  }

  push(value: T): void {
    const link: Link<T> = { value, next: undefined }
    if (this.last) this.last.next = link
    else this.first = link
    this.last = link
    this.count++
  }

  peek(): T | undefined {
    return this.first?.value
  }

  shift(): T | undefined {
    const link = this.first
    if (!link) return undefined
    this.first = link.next
    if (!link.next) this.last = undefined
    this.count--
    return link.value
  }
}
