import type { Clock } from '@cachewarmer/queue'

/** A clock as the walker takes it, which sets timers, over one that sleeps. */
export const withTimers = (clock: Clock) => ({
  now: () => clock.now(),
  setTimer: (ms: number, wake: () => void): (() => void) => {
    const stop = new AbortController()
    clock.sleep(ms, stop.signal).then(wake, () => undefined)
    return () => stop.abort(null)
  },
})
