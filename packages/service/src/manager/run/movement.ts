import type { Counts } from '@cachewarmer/core'

/** Attempts that are remembered. Twice as many as are live, where that is more. */
const LEAST_REMEMBERED = 10_000

/** Files, directories and entries that are dealt with, whatever came of them. */
export const dealtWith = ({ directories, files, entriesSkipped, specialSkipped, failures }: Counts): number =>
  directories + files + entriesSkipped + specialSkipped + Object.values(failures).reduce((sum, count) => sum + count, 0)

/**
 * Tells work from talk. An attempt moves when it has done more than it ever had before: repeating its numbers is no
 * movement, nor is falling back and catching up, nor a message that comes late or twice. A new attempt at the same item
 * counts from zero, as it really reads; how often that may happen is bounded by the deliveries of an item.
 */
export class Movement {
  /** By attempt: the most that it had done. The one heard of last comes last. */
  readonly #most = new Map<string, number>()

  /** True when the attempt has done more than ever before. */
  sees(attempt: string, done: number, live: number): boolean {
    const most = this.#most.get(attempt) ?? 0
    this.#most.delete(attempt)
    this.#most.set(attempt, Math.max(most, done))
    for (const oldest of this.#most.keys()) {
      if (this.#most.size <= Math.max(LEAST_REMEMBERED, 2 * live)) break
      this.#most.delete(oldest)
    }
    return done > most
  }
}
