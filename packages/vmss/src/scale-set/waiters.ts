interface Waiter {
  /** Settles its promise, or not yet. */
  try(): boolean
  reject(reason: unknown): void
}

/** People who wait for something to become true. */
export class Waiters {
  readonly #waiting = new Set<Waiter>()

  /** Resolves with what `check` gives once it gives something, rejects with what it throws. Aborting ends the wait alone. */
  until<T>(check: () => T | undefined, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const leave = (): void => waiter.reject(signal?.reason)
      // Leaves nothing on a signal that outlives the wait.
      const done = (): void => {
        this.#waiting.delete(waiter)
        signal?.removeEventListener('abort', leave)
      }
      const waiter: Waiter = {
        try: () => {
          try {
            const found = check()
            if (found === undefined) return false
            done()
            resolve(found)
          } catch (error) {
            waiter.reject(error)
          }
          return true
        },
        reject: (reason) => {
          done()
          reject(reason as Error)
        },
      }
      this.#waiting.add(waiter)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }

  tell(): void {
    for (const waiter of this.#waiting) waiter.try()
  }

  /** For the end: no wait outlives the scale set. */
  rejectAll(reason: unknown): void {
    for (const waiter of this.#waiting) waiter.reject(reason)
  }
}
