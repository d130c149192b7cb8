import { setTimeout as timer } from 'node:timers/promises'
import { bootId, steadyMs } from './machine.ts'
import type { MachineClock } from './ports.ts'

/** A timer further off than this fires at once, in Node as in browsers. */
const longestTimerMs = 2 ** 31 - 1

/**
 * The clocks of this machine: its wall clock, for what people are shown, and its steady clock, for what its processes share,
 * such as the leases of a queue in a file.
 */
export const systemClock: MachineClock = {
  now: () => Date.now(),
  steadyMs,
  get bootId() {
    return bootId()
  },
  sleep: async (ms, signal) => {
    signal?.throwIfAborted()
    try {
      for (let leftMs = ms; leftMs > 0; leftMs -= longestTimerMs) {
        await timer(Math.min(leftMs, longestTimerMs), undefined, { signal })
      }
    } catch (error) {
      // Node rejects with an AbortError of its own; callers were promised their own reason.
      signal?.throwIfAborted()
      throw error
    }
  },
}

const startMs = Date.now() - performance.now()

/**
 * The wall's time at the start of the process, and from then on what a stopwatch says: nobody sets it. What a program
 * passes wherever a `clock` is asked for, as a deadline of ours must not move when a clock is put right; tests pass
 * `fakeClock()`.
 */
export const steadyClock: MachineClock = {
  now: () => Math.floor(startMs + performance.now()),
  steadyMs,
  get bootId() {
    return bootId()
  },
  sleep: (ms, signal) => systemClock.sleep(ms, signal),
}
