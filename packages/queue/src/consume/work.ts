import { steadyClock } from '../port/clock.ts'
import { QueueError } from '../port/errors.ts'
import { type ConsumeSummary, consume } from './consume.ts'
import type { Handler } from './delivery.ts'
import type { ConsumeOptions, Source } from './options.ts'

export interface WorkOptions<T = unknown> extends Omit<ConsumeOptions<T>, 'stopTaking' | 'abortWork'> {
  /** Stops as `stop()` does. */
  readonly signal?: AbortSignal | undefined
  /** How long handlers may work on after `stop()`, before their signals abort and their messages are given back. Default 30,000. */
  readonly graceMs?: number | undefined
}

/** A reader that runs beside the rest of the program. `await using` stops it at the end of its block. */
export interface QueueWorker extends AsyncDisposable {
  /** When it has ended: after `stop()`, with `stopWhenEmpty`, or with what `consume` throws. */
  readonly done: Promise<ConsumeSummary>
  /** Takes no more messages, lets handlers finish for `graceMs`, then aborts them; returns `done`. May be called again. */
  stop(): Promise<ConsumeSummary>
}

/**
 * Works on the messages of a queue, one at a time unless `concurrency` says otherwise, until `stop()`. Signals of the system
 * are not listened to: a program calls `stop()` on SIGTERM.
 */
export function work<T = unknown>(source: Source, handler: Handler<T>, options: WorkOptions<T> = {}): QueueWorker {
  const { signal, graceMs = 30_000, ...rest } = options
  const { clock = steadyClock } = options
  const stopTaking = new AbortController()
  const abortWork = new AbortController()
  let stopTimer: (() => void) | undefined

  const begin = (reason: unknown): void => {
    if (stopTaking.signal.aborted) return
    stopTaking.abort(reason)
    stopTimer = clock.setTimer(graceMs, () => abortWork.abort(reason))
  }
  const onAbort = (): void => begin(signal?.reason)
  if (signal?.aborted) begin(signal.reason)
  signal?.addEventListener('abort', onAbort, { once: true })

  const signals = { stopTaking: stopTaking.signal, abortWork: abortWork.signal }
  const done = consume(source, handler, { ...rest, ...signals }).finally(() => {
    stopTimer?.()
    signal?.removeEventListener('abort', onAbort)
  })
  const stop = (): Promise<ConsumeSummary> => {
    begin(new QueueError('CLOSED', source.name, 'the reader was stopped'))
    return done
  }
  return {
    done,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
    },
  }
}
