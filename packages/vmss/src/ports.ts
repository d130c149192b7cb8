/** Time, handed in, so that a simulation can drive it. `systemClock` of `@cachewarmer/queue` is one. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `run` once after `ms` milliseconds, unless the function that it returns is called before. */
  setTimer(ms: number, run: () => void): () => void
}

/** Waits for `ms`. Rejects with `signal.reason` when aborted, also when it was aborted before. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const leave = (): void => {
      stop()
      reject(signal?.reason as Error)
    }
    const stop = clock.setTimer(ms, () => {
      signal?.removeEventListener('abort', leave)
      resolve()
    })
    signal?.addEventListener('abort', leave, { once: true })
  })
}

export type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void

/** Four methods and `child`; silent unless given. */
export interface Logger {
  debug: Log
  info: Log
  warn: Log
  error: Log
  child(fields: Readonly<Record<string, unknown>>): Logger
}

/** Drops every line. The default. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}

/** The platform's `fetch`, or one that goes through a proxy, trusts another authority, or counts. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Gives `work` `ms` milliseconds. Its signal aborts with `late()` after them, or with the reason of the caller's signal. */
export async function within<T>(
  { clock, ms, signal, late }: { clock: Clock; ms: number; signal?: AbortSignal | undefined; late: () => Error },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  // Not `AbortSignal.any()`: on a signal that lives as long as the program, it leaves something behind each time.
  const stop = new AbortController()
  const leave = (): void => stop.abort(signal?.reason)
  signal?.addEventListener('abort', leave, { once: true })
  const stopTimer = clock.setTimer(ms, () => stop.abort(late()))
  try {
    return await work(stop.signal)
  } catch (error) {
    // The work may reject with an error of its own; callers were promised the reason.
    throw stop.signal.aborted ? stop.signal.reason : error
  } finally {
    stopTimer()
    signal?.removeEventListener('abort', leave)
  }
}
