import type { FileHandle, ReadResult, Receiver } from '@cachewarmer/nfs'
import type { ReadOptions, ReadOutcome } from '../mount.ts'

/** What becomes of a read of a small file that one READ does not settle. */
export interface ShortReads {
  /** The READ did not bring the file to its end, for all that is known. */
  goOn(read: ShortRead, first: ReadResult): Promise<ReadOutcome>
  failed(read: ShortRead, error: unknown): Promise<ReadOutcome>
}

/**
 * A read that one READ settles, as of nearly all files. Thousands are out at a time, and what lives meanwhile is moved about
 * by the collector: so each has this object and the promise that is given for it, and nothing else.
 */
export class ShortRead implements Receiver<ReadResult> {
  readonly #by: ShortReads
  readonly path: string
  readonly handle: FileHandle
  readonly asked: ReadOptions
  readonly #resolve: (outcome: ReadOutcome | Promise<ReadOutcome>) => void

  constructor(
    by: ShortReads,
    path: string,
    handle: FileHandle,
    asked: ReadOptions,
    resolve: (outcome: ReadOutcome | Promise<ReadOutcome>) => void,
  ) {
    this.#by = by
    this.path = path
    this.handle = handle
    this.asked = asked
    this.#resolve = resolve
  }

  resolve(first: ReadResult): void {
    const { count } = first
    const { offset, size: listed = 0 } = this.asked
    const reached = offset + count
    const size = first.size === undefined ? Number.POSITIVE_INFINITY : Number(first.size)
    // Most files: reply and listing agree that nothing is left. All else is for `readStanding` to judge.
    if (size <= reached && listed <= reached) this.#resolve({ bytes: count, end: true, size, requests: 1 })
    else this.#resolve(this.#by.goOn(this, first))
  }

  reject(error: unknown): void {
    this.#resolve(this.#by.failed(this, error))
  }
}
