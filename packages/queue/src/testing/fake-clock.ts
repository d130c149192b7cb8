import type { MachineClock } from '../port/clock.ts'

/** Time that stands still until a test moves it. */
export interface FakeClock extends MachineClock {
  /** Sets the wall clock ahead by `ms`, or back where that is negative, in no time: no timer runs. */
  setWall(ms: number): void
  /** The machine starts anew: another boot id, and a steady clock that begins at 0. */
  reboot(): void
  /**
   * Moves time on by `ms`. Timers run one by one in the order of their time (then of being set), and each sees the time
   * it asked for; everything that it starts, new timers included, happens before the next one runs. Await it.
   */
  advance(ms: number): Promise<void>
  /**
   * Moves time on, from timer to timer, until `work` is settled, and gives its result.
   * Fails when no timer is set and `work` still waits (a deadlock), or after `limitMs` of fake time (default: 30 days).
   */
  run<T>(work: Promise<T>, limitMs?: number): Promise<T>
  /** Timers that have not run. 0 after a test, or something leaks. */
  readonly timers: number
}

interface Timer {
  readonly atMs: number
  readonly serial: number
  /** Undefined once it has run or was stopped. */
  run: (() => void) | undefined
}

export interface FakeClockOptions {
  /** Default: the beginning of 2026. */
  readonly startMs?: number | undefined
  /**
   * How many turns of the event loop follow each timer before the next one. Default 3; raise it for code that does real
   * I/O. 0 is much faster, and enough for code that waits for promises alone.
   */
  readonly turns?: number | undefined
}

/** The timers wait in a heap, so that a million of them are no burden. */
export function fakeClock(options: FakeClockOptions = {}): FakeClock {
  const turns = options.turns ?? 3
  const heap: Timer[] = []
  let nowMs = options.startMs ?? Date.UTC(2026, 0, 1)
  let wallAheadMs = 0
  let boots = 1
  let bootedAtMs = nowMs - 1_000_000
  let serial = 0
  let timers = 0

  const settle = async (): Promise<void> => {
    if (turns === 0) for (let turn = 0; turn < 12; turn++) await Promise.resolve()
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  const end = (timer: Timer): (() => void) | undefined => {
    const { run } = timer
    timer.run = undefined
    if (run !== undefined) timers--
    return run
  }
  const runNext = (untilMs: number): boolean => {
    for (let first = heap[0]; first !== undefined && first.atMs <= untilMs; first = heap[0]) {
      pop(heap)
      const run = end(first)
      if (run === undefined) continue
      nowMs = Math.max(nowMs, first.atMs)
      run()
      return true
    }
    return false
  }

  const clock: FakeClock = {
    now: () => nowMs + wallAheadMs,
    steadyMs: () => nowMs - bootedAtMs,
    get bootId() {
      return `boot-${boots}`
    },
    setWall: (ms) => {
      wallAheadMs += ms
    },
    reboot: () => {
      boots++
      bootedAtMs = nowMs
    },
    setTimer: (ms, run) => {
      const timer: Timer = { atMs: nowMs + Math.max(0, ms), serial: serial++, run }
      push(heap, timer)
      timers++
      return () => void end(timer)
    },
    advance: async (ms) => {
      const untilMs = nowMs + ms
      do await settle()
      while (runNext(untilMs))
      nowMs = untilMs
    },
    run: async (work, limitMs = 30 * 24 * 3_600_000) => {
      const untilMs = nowMs + limitMs
      let settled = false
      const done = (): void => {
        settled = true
      }
      work.then(done, done)
      await settle()
      while (!settled) {
        if (!runNext(untilMs)) {
          const why = timers === 0 ? 'no timer is set' : `${limitMs} ms of fake time have passed`
          throw new Error(`the work is not done, and ${why}`)
        }
        await settle()
      }
      return work
    },
    get timers() {
      return timers
    },
  }
  return clock
}

const before = (a: Timer, b: Timer): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.serial < b.serial)

function push(heap: Timer[], timer: Timer): void {
  let at = heap.length
  for (; at > 0; at = (at - 1) >> 1) {
    const parent = heap[(at - 1) >> 1]
    if (!parent || !before(timer, parent)) break
    heap[at] = parent
  }
  heap[at] = timer
}

/** Takes the first timer away. */
function pop(heap: Timer[]): void {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  let at = 0
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    const [left, right] = [heap[child], heap[child + 1]]
    const least = left && right && before(right, left) ? right : left
    if (!least || !before(least, last)) break
    heap[at] = least
    at = least === right ? child + 1 : child
  }
  heap[at] = last
}
