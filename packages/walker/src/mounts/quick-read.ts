import type { ReadOptions, ReadOutcome, Target } from './mount.ts'

/** Hears how a read ended: once, and not before the call that began it has returned. */
export interface ReadReceiver {
  resolve(outcome: ReadOutcome): void
  reject(error: unknown): void
}

/** A mount's `read`, without a promise. Never throws. */
export type QuickRead = (file: Target, options: ReadOptions, receiver: ReadReceiver) => void

const quickReads = new WeakMap<object, QuickRead>()

/** A mount, of which nothing but the identity of its `read` matters here. */
interface Readable {
  readonly read: object
}

/**
 * The same as the mount's `read`, without a promise: a promise, with what settles and what follows it, was a fifth of what a
 * small file allocates. It is found by that very function: a mount whose `read` was replaced has none.
 */
export const quickReadOf = (mount: Readable): QuickRead | undefined => quickReads.get(mount.read)

export function setQuickRead(mount: Readable, quickRead: QuickRead): void {
  quickReads.set(mount.read, quickRead)
}

/** Tells of a failure once the call has returned. */
export function rejectLater(receiver: ReadReceiver, error: unknown): void {
  queueMicrotask(() => receiver.reject(error))
}
