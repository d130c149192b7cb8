import type { Clock } from '@cachewarmer/nfs'
import type { WalkCounters, WalkFailure } from './counters.ts'

/** Hears how a walk goes, for progress and logs. Called while the walk waits: be quick. What a method throws changes nothing. */
export interface WalkObserver {
  /** Every `progressMs` while the walk runs, and once when it has ended, however it did. */
  readonly progressed?: ((counters: WalkCounters) => void) | undefined
  /** Something failed. A walk that is stopped may take it back: the path is then in its rest. */
  readonly failed?: ((failure: WalkFailure) => void) | undefined
}

/** Tells the observer; who watches work must not break it. */
export function tell<Name extends keyof WalkObserver>(
  observer: WalkObserver | undefined,
  name: Name,
  told: Parameters<NonNullable<WalkObserver[Name]>>[0],
): void {
  try {
    const method = observer?.[name] as ((told: unknown) => void) | undefined
    method?.call(observer, told)
  } catch {
    // There is no one to tell: the walk continues.
  }
}

interface Watched {
  readonly done: Promise<void>
  readonly counters: () => WalkCounters
}

/** Calls `progressed` as long as the walk runs, and at its end. */
export function tellProgress(
  { done, counters }: Watched,
  { observer, progressMs, clock }: { observer?: WalkObserver | undefined; progressMs: number; clock: Clock },
): void {
  if (observer?.progressed === undefined) return
  const now = (): void => tell(observer, 'progressed', counters())
  let stopTimer = clock.setTimer(progressMs, again)
  function again(): void {
    stopTimer = clock.setTimer(progressMs, again)
    now()
  }
  const end = (): void => {
    stopTimer()
    now()
  }
  done.then(end, end)
}
