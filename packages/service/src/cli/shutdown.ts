/** Two steps: `stopTaking` asks to finish and hand back, `abortWork` ends what is still at work. */
export interface Shutdown {
  readonly stopTaking: AbortSignal
  readonly abortWork: AbortSignal
  /** Starts the first step from within, as a signal would. */
  stop(reason: string): void
}

const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
type StopSignal = (typeof stopSignals)[number]

/** Where signals come from: `process`, or a stand-in. */
export interface SignalSource {
  on(name: StopSignal, listener: () => void): unknown
  off(name: StopSignal, listener: () => void): unknown
}

/**
 * The first SIGTERM, SIGINT or SIGHUP stops taking; a second one, or the end of `drainMs`, aborts the work.
 * Disposing of it gives signals back their usual effect.
 */
export function onShutdown(options: { drainMs: number }, source: SignalSource = process): Shutdown & Disposable {
  const stopTaking = new AbortController()
  const abortWork = new AbortController()
  let drained: NodeJS.Timeout | undefined
  const stop = (reason: string): void => {
    if (stopTaking.signal.aborted) {
      abortWork.abort(new Error(`${reason} again: stopped without draining`))
      return
    }
    stopTaking.abort(new Error(`stopped by ${reason}`))
    const late = (): void => abortWork.abort(new Error(`not drained within ${options.drainMs} ms`))
    drained = setTimeout(late, options.drainMs).unref()
  }
  const listeners = stopSignals.map((name) => ({ name, listener: () => stop(name) }))
  for (const { name, listener } of listeners) source.on(name, listener)
  return {
    stopTaking: stopTaking.signal,
    abortWork: abortWork.signal,
    stop,
    [Symbol.dispose]: () => {
      clearTimeout(drained)
      for (const { name, listener } of listeners) source.off(name, listener)
    },
  }
}
