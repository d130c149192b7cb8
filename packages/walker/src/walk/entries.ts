import { WalkError } from '../errors.ts'
import type { MountRead } from './counters.ts'

/** A file that was read through all its mounts. A range that does not begin its file has no entry. */
export interface FileEntry {
  readonly kind: 'file'
  readonly path: string
  /** Bytes that the file has, as the last look or read said; undefined where none did. */
  readonly size: number | undefined
  /** Milliseconds since 1970, where the listing told. */
  readonly modifiedMs: number | undefined
  /** Bytes that were read of it, once however many mounts they came through. */
  readonly bytes: number
  /** Every byte of it was read here, through each mount that it is to be read through. */
  readonly complete: boolean
  /** What came through each mount. */
  readonly reads: readonly MountRead[]
}

/** What a walk yields. A directory comes before what is in it; nothing else is promised of the order. */
export type WalkEntry =
  | { readonly kind: 'directory'; readonly path: string }
  | FileEntry
  | {
      readonly kind: 'failed'
      readonly path: string
      readonly mount?: string | undefined
      readonly error: WalkError
    }

/** Entries between the walk, which asks for room, and the caller, who pulls them. */
export class EntryQueue implements AsyncIterator<WalkEntry, undefined> {
  private readonly capacity: number
  private readonly onRoom: () => void
  private readonly onReturn: () => Promise<void>
  private ready: WalkEntry[] = []
  private taken = 0
  private readonly waiting: {
    resolve: (result: IteratorResult<WalkEntry, undefined>) => void
    reject: (reason: unknown) => void
  }[] = []
  private end: { reason?: unknown; failed: boolean } | undefined
  /** A caller pulls. */
  isIterated = false

  constructor(capacity: number, hooks: { onRoom: () => void; onReturn: () => Promise<void> }) {
    this.capacity = capacity
    this.onRoom = hooks.onRoom
    this.onReturn = hooks.onReturn
  }

  /** How many more entries fit before the walk should rest. */
  get room(): number {
    return this.capacity - (this.ready.length - this.taken) + this.waiting.length
  }

  /** For the one caller who pulls: each entry comes once. Throws `OPTION_INVALID` for a second. */
  iterate(): this {
    if (this.isIterated)
      throw new WalkError('OPTION_INVALID', 'the walk is iterated over a second time, expected once: entries come once')
    this.isIterated = true
    return this
  }

  push(entry: WalkEntry): void {
    if (this.end) return
    const waiter = this.waiting.shift()
    if (waiter) waiter.resolve({ done: false, value: entry })
    else this.ready.push(entry)
  }

  /** No more entries; those not taken yet still come. */
  close(): void {
    this.end ??= { failed: false }
    for (const waiter of this.waiting.splice(0)) waiter.resolve({ done: true, value: undefined })
  }

  /** No more entries at all: the caller gets the reason. */
  fail(reason: unknown): void {
    this.end ??= { failed: true, reason }
    this.ready = []
    this.taken = 0
    for (const waiter of this.waiting.splice(0)) waiter.reject(reason)
  }

  next(): Promise<IteratorResult<WalkEntry, undefined>> {
    const entry = this.shift()
    if (entry) {
      this.onRoom()
      return Promise.resolve({ done: false, value: entry })
    }
    if (this.end?.failed) return Promise.reject(this.end.reason)
    if (this.end) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.onRoom()
    })
  }

  async return(): Promise<IteratorResult<WalkEntry, undefined>> {
    this.ready = []
    this.taken = 0
    await this.onReturn()
    return { done: true, value: undefined }
  }

  private shift(): WalkEntry | undefined {
    const entry = this.ready[this.taken]
    if (!entry) return undefined
    this.taken++
    if (this.taken === this.ready.length || this.taken >= 1024) {
      this.ready = this.ready.slice(this.taken)
      this.taken = 0
    }
    return entry
  }
}
