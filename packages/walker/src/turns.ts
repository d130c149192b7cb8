import type { Limiter, Turns } from './options.ts'

/** Where nothing is bounded. */
const boundless: Turns = { take: () => undefined, give: () => {} }

/** A limit's places; of a limit that offers none each is a task of it, which lasts until the place is given back. */
export const turnsOf = (limiter: Limiter | undefined): Turns =>
  limiter ? (limiter.turns ?? new TaskTurns(limiter)) : boundless

class TaskTurns implements Turns {
  readonly #limiter: Limiter
  readonly #ends: (() => void)[] = []

  constructor(limiter: Limiter) {
    this.#limiter = limiter
  }

  take(): Promise<void> {
    return new Promise((begin, fail) => {
      const task = (): Promise<void> =>
        new Promise((end) => {
          this.#ends.push(end)
          begin()
        })
      this.#limiter.run(task).catch(fail)
    })
  }

  give(): void {
    this.#ends.shift()?.()
  }
}
