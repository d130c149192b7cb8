import type { Clock } from '@cachewarmer/nfs'

export interface FakeClock extends Clock {
  /** Lets time pass: timers run in order, each at its time, and what they settle runs before the next. */
  advance(ms: number): Promise<void>
  /** A promise that time settles. */
  sleep(ms: number): Promise<void>
  /** Timers that have not run. */
  readonly timers: number
}

interface Timer {
  readonly at: number
  readonly serial: number
  readonly run: () => void
  cancelled: boolean
}

const settled = Promise.resolve()

/** Enough for what waits for promises alone, and much faster than turns of the event loop. */
async function microtasks(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await settled
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/**
 * Time that stands still until `advance`. Good for a million timers: they wait in a heap. After each timer
 * everything else gets its turn; `promisesAlone` is for what never waits for the event loop.
 */
export function fakeClock(options: { readonly promisesAlone?: boolean } = {}): FakeClock {
  const others = options.promisesAlone ? microtasks : turns
  const heap: Timer[] = []
  let now = 0
  let serial = 0
  let alive = 0

  const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.serial < b.serial)

  function push(timer: Timer): void {
    let at = heap.length
    for (; at > 0; at = (at - 1) >> 1) {
      const parent = heap[(at - 1) >> 1]
      if (!parent || !before(timer, parent)) break
      heap[at] = parent
    }
    heap[at] = timer
  }

  function pop(): Timer | undefined {
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last || first === last) return first
    let at = 0
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      const [left, right] = [heap[child], heap[child + 1]]
      const least = left && right && before(right, left) ? right : left
      if (!least || !before(least, last)) break
      heap[at] = least
      at = least === right ? child + 1 : child
    }
    heap[at] = last
    return first
  }

  function setTimer(ms: number, run: () => void): () => void {
    const timer: Timer = { at: now + Math.max(0, ms), serial: serial++, run, cancelled: false }
    push(timer)
    alive++
    return () => {
      if (!timer.cancelled) alive--
      timer.cancelled = true
    }
  }

  async function advance(ms: number): Promise<void> {
    const end = now + ms
    await others()
    for (let next = heap[0]; next && next.at <= end; next = heap[0]) {
      const timer = pop()
      if (!timer || timer.cancelled) continue
      timer.cancelled = true
      alive--
      now = timer.at
      timer.run()
      await others()
    }
    now = end
  }

  return {
    now: () => now,
    setTimer,
    advance,
    sleep: (ms) => new Promise((resolve) => void setTimer(ms, resolve)),
    get timers() {
      return alive
    },
  }
}
