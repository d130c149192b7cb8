/** Takes back what was put off; nothing happens where it has happened already. */
export type Cancel = () => void

interface Event {
  readonly atMs: number
  readonly order: number
  act: (() => void) | undefined
}

/**
 * The one time of a simulation: a heap of what is to happen. Between two events everything that can run runs, as
 * nothing in a simulation waits for anything but this clock. Two events of one moment happen in the order of asking.
 */
export class SimClock {
  readonly startMs: number = Date.UTC(2026, 0, 1)
  readonly #heap: Event[] = []
  #nowMs: number = this.startMs
  #order = 0
  /** How many events happened. */
  events = 0

  get nowMs(): number {
    return this.#nowMs
  }

  get elapsedMs(): number {
    return this.#nowMs - this.startMs
  }

  after(ms: number, act: () => void): Cancel {
    const event: Event = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, act }
    this.#push(event)
    return () => {
      event.act = undefined
    }
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  /**
   * Lets time go by until `work` is settled, and gives its result. Throws where nothing is to happen any more and
   * `work` still waits (a deadlock), and after `limitMs` of simulated time, which is asked for again once it is over.
   */
  async run<T>(work: Promise<T>, limitMs: number | (() => number)): Promise<T> {
    const limit = typeof limitMs === 'number' ? () => limitMs : limitMs
    const startedMs = this.#nowMs
    let untilMs = startedMs + limit()
    let settled = false
    const done = (): void => {
      settled = true
    }
    work.then(done, done)
    await turn()
    while (!settled) {
      const event = this.#pop()
      if (event === undefined) throw new Error('the work is not done, and nothing is to happen any more')
      if (event.act === undefined) continue
      if (event.atMs > untilMs) untilMs = startedMs + limit()
      if (event.atMs > untilMs) throw new Error(`the work is not done after ${Math.round(limit() / 60_000)} minutes`)
      this.#nowMs = event.atMs
      this.events += 1
      event.act()
      await turn()
    }
    return work
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(event, heap[parent] as Event)) break
      heap[at] = heap[parent] as Event
      at = parent
    }
    heap[at] = event
  }

  #pop(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child += 1
      if (!before(heap[child] as Event, last)) break
      heap[at] = heap[child] as Event
      at = child
    }
    heap[at] = last
    return first
  }
}

const before = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

/**
 * Lets every promise settle that can: Node calls what was put off to the next tick once no microtask is left. Cheaper
 * than a turn of the event loop, which nothing in a simulation needs.
 */
const turn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))
