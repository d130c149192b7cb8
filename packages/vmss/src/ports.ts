import type { Clock } from '@cachewarmer/queue'

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
