import type { Limiter, Mount } from '@cachewarmer/walker'
import pLimit from 'p-limit'

/**
 * One limit an address, shared by all items of this worker: what is in flight through it is bounded as a whole. A mount
 * that brings a limit of its own knows better.
 */
export class ReadLimits {
  readonly #concurrency: number
  readonly #limits = new Map<string, Limiter>()

  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  of(mount: Mount): Limiter {
    let limit = mount.limiter ?? this.#limits.get(mount.name)
    if (limit === undefined) {
      limit = { run: pLimit(Math.min(this.#concurrency, mount.maxInFlight)) }
      this.#limits.set(mount.name, limit)
    }
    return limit
  }
}
