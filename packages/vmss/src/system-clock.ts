import { setTimeout as timer } from 'node:timers/promises'
import type { Clock } from './ports.ts'

/** A timer further off than this fires at once, in Node as in browsers. */
const longestTimerMs = 2 ** 31 - 1

/** The clock on the wall. What a program passes wherever a `clock` is asked for. */
export const systemClock: Clock = {
  now: () => Date.now(),
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
