import type { Limiter, Mount } from '@cachewarmer/walker'
import pLimit from 'p-limit'

/** One limit a mount, shared by all items of this worker: what is in flight through an address is bounded as a whole. */
export class ReadLimits {
  readonly #concurrency: number
  readonly #limits = new WeakMap<Mount, Limiter>()

  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  of(mount: Mount): Limiter {
    let limit = this.#limits.get(mount)
    if (limit === undefined) {
      limit = { run: pLimit(Math.min(this.#concurrency, mount.maxInFlight)) }
      this.#limits.set(mount, limit)
    }
    return limit
  }
}
