import type { MachineClock } from '../ports.ts'

/** Time that stands still until it is told to move. */
export interface FakeClock extends MachineClock {
  /** Sets the wall clock ahead by `ms`, or back where that is negative, in no time: no sleeper wakes. */
  setWall(ms: number): void
  /** The machine starts anew: another boot id, and a steady clock that begins at 0. */
  reboot(): void
  /**
   * Moves time on by `ms`. Sleepers wake one by one in the order of their hour (then of falling asleep), and each sees
   * the time it asked for; what a woken one does, new sleeps included, happens before the next one wakes. Await it.
   */
  advance(ms: number): Promise<void>
  /**
   * Moves time on, from sleeper to sleeper, until `work` is settled, and gives its result.
   * Fails when nobody sleeps and `work` still waits (a deadlock), or after `limitMs` of fake time (default: 30 days).
   */
  run<T>(work: Promise<T>, limitMs?: number): Promise<T>
  /** How many sleeps are under way. 0 after a test, or something leaks. */
  readonly sleepers: number
}

interface Sleeper {
  readonly atMs: number
  wake(): void
}

export interface FakeClockOptions {
  /** Default: the beginning of 2026. */
  readonly startMs?: number
  /** How many turns of the event loop a woken sleeper gets before the next one. Default 3; raise it for code that does real I/O. */
  readonly turns?: number
}

export function fakeClock(options: FakeClockOptions = {}): FakeClock {
  const turns = options.turns ?? 3
  const sleeping: Sleeper[] = []
  let nowMs = options.startMs ?? Date.UTC(2026, 0, 1)
  let wallAheadMs = 0
  let boots = 1
  let bootedAtMs = nowMs - 1_000_000

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  const add = (sleeper: Sleeper): void => {
    const later = sleeping.findIndex((other) => other.atMs > sleeper.atMs)
    sleeping.splice(later === -1 ? sleeping.length : later, 0, sleeper)
  }
  const wakeNext = (untilMs: number): boolean => {
    const next = sleeping[0]
    if (next === undefined || next.atMs > untilMs) return false
    sleeping.shift()
    nowMs = Math.max(nowMs, next.atMs)
    next.wake()
    return true
  }

  return {
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
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        const leave = (): void => {
          sleeping.splice(sleeping.indexOf(sleeper), 1)
          reject(signal?.reason as Error)
        }
        const wake = (): void => {
          signal?.removeEventListener('abort', leave)
          resolve()
        }
        const sleeper: Sleeper = { atMs: nowMs + Math.max(0, ms), wake }
        signal?.addEventListener('abort', leave, { once: true })
        add(sleeper)
      }),
    advance: async (ms) => {
      const untilMs = nowMs + ms
      do await settle()
      while (wakeNext(untilMs))
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
        if (!wakeNext(untilMs)) {
          const why = sleeping.length === 0 ? 'nobody sleeps' : `${limitMs} ms of fake time have passed`
          throw new Error(`the work is not done, and ${why}`)
        }
        await settle()
      }
      return work
    },
    get sleepers() {
      return sleeping.length
    },
  }
}
