import type { Mount } from './mount.ts'
import type { Settings } from './options.ts'

const usual = 16

/**
 * How many directories are listed at a time: enough to keep what may be pending filled, where each brings little; not
 * more than a few where each may bring thousands of names, for all that are out may come at once.
 */
export class ListingLimit {
  readonly #least: number
  readonly #most: number
  readonly #maxPending: number
  /** Names of a page, as of late: quick to believe in large ones, slow to forget them. */
  #pageNames: number

  constructor(mounts: readonly Mount[], { listings, maxPending }: Settings) {
    this.#least = listings ?? usual
    this.#most = listings ?? Math.min(...mounts.map(({ maxListings = usual }) => maxListings))
    this.#maxPending = maxPending
    this.#pageNames = maxPending / this.#least
  }

  /** A page came with so many names. */
  came(names: number): void {
    this.#pageNames = Math.max(names, this.#pageNames + (names - this.#pageNames) / 32)
  }

  /** Listings that may be out while so much is pending. */
  allowed(pending: number): number {
    if (this.#most <= this.#least) return this.#least
    const wanted = Math.floor((this.#maxPending - pending) / Math.max(1, this.#pageNames))
    return Math.max(this.#least, Math.min(this.#most, wanted))
  }
}
