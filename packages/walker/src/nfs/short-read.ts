import type { FileHandle, ReadResult, Receiver } from '@cachewarmer/nfs'
import type { ReadOptions, ReadOutcome } from '../mount.ts'

/** What becomes of a short read that one READ does not settle. */
export interface ShortReads {
  /** The file goes on, or the server told no size. */
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
    const { count, eof, size } = first
    if (eof && size !== undefined) this.#resolve({ bytes: count, end: true, size: Number(size), requests: 1 })
    else this.#resolve(this.#by.goOn(this, first))
  }

  reject(error: unknown): void {
    this.#resolve(this.#by.failed(this, error))
  }
}
