import type { Clock } from '../ports.ts'

/** Time that stands still until it is told to move, for code that talks to real servers meanwhile. */
export interface FakeClock extends Clock {
  /** As the clocks of other packages have it. */
  setTimer(ms: number, run: () => void): () => void
  /** Resolves once somebody sleeps: what they did before is done, however long it took. */
  asleep(): Promise<void>
  /** Waits for a sleeper, moves time on by `ms` from sleeper to sleeper, and waits until somebody sleeps again. */
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

  return {
    now: () => nowMs,
    setTimer: (ms, run) => {
      const sleeper: Sleeper = { atMs: nowMs + Math.max(0, ms), wake: run }
      sleeping.add(sleeper)
      bedtime.resolve()
      bedtime = Promise.withResolvers<void>()
      return () => void sleeping.delete(sleeper)
    },
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        const leave = (): void => {
          sleeping.delete(sleeper)
          reject(signal?.reason as Error)
        }
        const sleeper: Sleeper = {
          atMs: nowMs + Math.max(0, ms),
          wake: () => {
            signal?.removeEventListener('abort', leave)
            resolve()
          },
        }
        signal?.addEventListener('abort', leave, { once: true })
        sleeping.add(sleeper)
        bedtime.resolve()
        bedtime = Promise.withResolvers<void>()
      }),
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
}
