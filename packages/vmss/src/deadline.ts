import type { Clock } from './ports.ts'

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
