/** Time as the loops see it, so that a simulation can drive them. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Rejects with `signal.reason` when aborted, also when it was aborted before. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
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

/** What code logs to when nobody listens. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}

/** The platform's `fetch`, or one that goes through a proxy, trusts another authority, or counts. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Gives `work` so long. Its signal aborts when the time is over or the caller's own does, and says which by its reason. */
export async function within<T>(
  { clock, ms, signal, late }: { clock: Clock; ms: number; signal?: AbortSignal | undefined; late: () => Error },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  // Not `AbortSignal.any()`: on a signal that lives as long as the program, it leaves something behind each time.
  const stop = new AbortController()
  const over = new AbortController()
  const leave = (): void => stop.abort(signal?.reason)
  signal?.addEventListener('abort', leave, { once: true })
  clock.sleep(ms, over.signal).then(
    () => stop.abort(late()),
    () => undefined,
  )
  try {
    return await work(stop.signal)
  } catch (error) {
    // Whatever the work makes of its signal, callers were promised the reason.
    throw stop.signal.aborted ? stop.signal.reason : error
  } finally {
    over.abort()
    signal?.removeEventListener('abort', leave)
  }
}
