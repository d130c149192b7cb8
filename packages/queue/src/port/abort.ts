/** A signal that follows others until it is released: unlike `AbortSignal.any`, nothing stays behind on a long-lived signal. */
export interface Follower extends Disposable {
  readonly signal: AbortSignal
  abort(reason: unknown): void
}

export function follow(...leaders: readonly (AbortSignal | undefined)[]): Follower {
  const own = new AbortController()
  const released = new AbortController()
  for (const leader of leaders) {
    if (leader?.aborted) own.abort(leader.reason)
    leader?.addEventListener('abort', () => own.abort(leader.reason), { once: true, signal: released.signal })
  }
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    // A reason, as without one a DOMException is made, with a stack trace, each time.
    [Symbol.dispose]: () => released.abort(null),
  }
}
