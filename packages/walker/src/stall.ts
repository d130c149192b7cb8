import { WalkError } from './errors.ts'
import type { ReadOutcome } from './mount.ts'

/**
 * Pauses before a read that brought no bytes is tried again; each try that brings some begins them anew. Servers cache
 * sizes for 3 s (acregmin of most clients and proxies), so that a file just written may be told larger than it can be read:
 * the last try comes 4.5 s after the first.
 */
const pausesMs: readonly number[] = [0, 500, 1_000, 1_500, 1_500]
const stallMs: number = pausesMs.reduce((sum, ms) => sum + ms)

/** A read in the middle of which a mount sent no more: what came, and when to try for the rest. */
export class Stall {
  /** Received so far. */
  bytes = 0
  readonly #asked: { readonly offset: number; readonly length: number; readonly firstMs: number }
  #size: number | undefined
  #tries = 0

  constructor(asked: { readonly offset: number; readonly length: number; readonly firstMs: number }) {
    this.#asked = asked
  }

  /** Adds what a try brought. Gives the pause before the next one in milliseconds; undefined: enough of them. */
  add({ bytes, size }: ReadOutcome): number | undefined {
    this.bytes += bytes
    this.#size = size ?? this.#size
    if (bytes > 0) this.#tries = 0
    return pausesMs[this.#tries++]
  }

  /** The outcome of all tries, of which this was the last. */
  whole(last: ReadOutcome): ReadOutcome {
    return { ...last, bytes: this.bytes + last.bytes, firstMs: this.#asked.firstMs }
  }

  error(path: string, mount: string): WalkError {
    const { offset, length } = this.#asked
    const expected = this.#size === undefined ? 'more' : `${Math.min(length, this.#size - offset)}`
    const from = offset === 0 ? '' : ` from offset ${offset} on`
    return new WalkError(
      'INCOMPLETE',
      `${path}: ${this.bytes} bytes received${from}, ${expected} expected; ${mount} sent no more for ${stallMs / 1000} s`,
    )
  }
}
