import type { Limiter, Turns, TurnTaker } from './options.ts'

/** Where nothing is bounded. */
const boundless: Turns = { take: () => true, give: () => {} }

/** A limit's places; of a limit that offers none each is a task of it, which lasts until the place is given back. */
export const turnsOf = (limiter: Limiter | undefined): Turns =>
  limiter ? (limiter.turns ?? new TaskTurns(limiter)) : boundless

class TaskTurns implements Turns {
  readonly #limiter: Limiter
  readonly #ends: (() => void)[] = []

  constructor(limiter: Limiter) {
    this.#limiter = limiter
  }

  take(taker: TurnTaker): boolean {
    let hasBegun = false
    const task = (): Promise<void> =>
      new Promise((end) => {
        hasBegun = true
        this.#ends.push(end)
        taker.begin()
      })
    // Whoever has begun ends by itself, whatever the limiter says of it then.
    const fail = (error: unknown): void => {
      if (!hasBegun) taker.fail(error)
    }
    try {
      this.#limiter.run(task).catch(fail)
    } catch (error) {
      // As late as all others: who takes a turn hears nothing before this has returned.
      queueMicrotask(() => fail(error))
    }
    return false
  }

  give(): void {
    this.#ends.shift()?.()
  }
}
