/** Time, as this package needs it. Tests and simulations bring their own. */
export interface Clock {
  /** Milliseconds since any moment, never going back. */
  now(): number
  /** Calls `run` once after `ms` milliseconds, unless the function that it returns is called before. */
  setTimer(ms: number, run: () => void): () => void
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
