import type { Clock } from '../clock.ts'

export interface FakeClock extends Clock {
  /** Lets time pass: timers run in order, each at its time, those included that others set. */
  advance(ms: number): void
  /** Timers that have not run. */
  readonly timers: number
}

/** Time that stands still until `advance`. */
export function fakeClock(): FakeClock {
  let now = 0
  let serial = 0
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>()
  const due = (until: number): number | undefined => {
    let first: number | undefined
    for (const [id, { at }] of timers) {
      if (at <= until && (first === undefined || at < (timers.get(first)?.at ?? 0))) first = id
    }
    return first
  }
  return {
    now: () => now,
    setTimer(ms, run) {
      const id = serial++
      timers.set(id, { at: now + ms, run })
      return () => void timers.delete(id)
    },
    advance(ms) {
      const until = now + ms
      for (let id = due(until); id !== undefined; id = due(until)) {
        const timer = timers.get(id)
        timers.delete(id)
        now = Math.max(now, timer?.at ?? now)
        timer?.run()
      }
      now = until
    },
    get timers() {
      return timers.size
    },
  }
}
