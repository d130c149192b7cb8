import type { Clock } from '@cachewarmer/queue'

/** Time that moves only when a test moves it, for code that talks to real servers meanwhile. */
export interface FakeClock extends Clock {
  /** Resolves once a timer is set: the work before it is done, however long it took. */
  asleep(): Promise<void>
  /** Waits for a timer, moves time on by `ms` from timer to timer, and waits until one is set again. */
  advance(ms: number): Promise<void>
  /** Moves time on, from sleeper to sleeper, until `work` is settled, and gives its result. */
  run<T>(work: Promise<T>): Promise<T>
  /** How many sleeps are under way. 0 after a test, or something leaks. */
  readonly sleepers: number
}

interface Sleeper {
  readonly atMs: number
  wake(): void
}

export function fakeClock(startMs: number = Date.UTC(2026, 0, 1)): FakeClock {
  const sleeping = new Set<Sleeper>()
  let nowMs = startMs
  let bedtime = Promise.withResolvers<void>()

  const next = (): Sleeper | undefined => [...sleeping].sort((a, b) => a.atMs - b.atMs)[0]
  const wake = (sleeper: Sleeper): void => {
    sleeping.delete(sleeper)
    nowMs = Math.max(nowMs, sleeper.atMs)
    sleeper.wake()
  }
  const asleep = async (): Promise<void> => {
    // A sleeper that was just woken by something else gets a turn to leave first.
    await new Promise((resolve) => setImmediate(resolve))
    while (sleeping.size === 0) await bedtime.promise
  }

  const clock: FakeClock = {
    now: () => nowMs,
    setTimer: (ms, run) => {
      const sleeper: Sleeper = { atMs: nowMs + Math.max(0, ms), wake: run }
      sleeping.add(sleeper)
      bedtime.resolve()
      bedtime = Promise.withResolvers<void>()
      return () => void sleeping.delete(sleeper)
    },
    asleep,
    advance: async (ms) => {
      const untilMs = nowMs + ms
      await asleep()
      for (let due = next(); due && due.atMs <= untilMs; due = next()) {
        wake(due)
        await asleep()
      }
      nowMs = Math.max(nowMs, untilMs)
    },
    run: async (work) => {
      let settled = false
      const done = work.then(
        () => {
          settled = true
        },
        () => {
          settled = true
        },
      )
      while (!settled) {
        await Promise.race([done, asleep()])
        // Work that needs no more time than this is given it before the clock moves.
        await new Promise((resolve) => setTimeout(resolve, 2))
        const due = settled ? undefined : next()
        if (due) wake(due)
      }
      return work
    },
    get sleepers() {
      return sleeping.size
    },
  }
  return clock
}
