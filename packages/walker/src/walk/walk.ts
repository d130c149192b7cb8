import type { Mount } from '../mounts/mount.ts'
import type { FileUnderWay } from './context.ts'
import type { WalkCounters, WalkFailure } from './counters.ts'
import type { WalkEntry } from './entries.ts'
import { settingsOf, type WalkOptions } from './options.ts'
import type { TakenPart, WalkPart } from './parts.ts'
import type { SampledFile } from './sample.ts'
import { Walker } from './scheduler.ts'

/** A walk under way. Iterate it, or wait for `done`. */
export interface Walk extends AsyncIterable<WalkEntry> {
  /**
   * Settles when nothing is left, or when the reads in flight are over after `stop()`. Rejects with the signal's
   * reason when it aborts, and for nothing else: whatever fails is a failure of its path.
   */
  readonly done: Promise<void>
  /** As of now. */
  readonly counters: WalkCounters
  /** Of the files that were found so far, with `sampleFiles`. */
  readonly sampled: readonly SampledFile[]
  /** No mount answers: nothing goes on until one does, or until `stop()`, which hands everything back. */
  readonly allDown: boolean
  /** Mounts that do not answer and that reads or listings wait for. */
  readonly awaited: readonly string[]
  /** At most three files that are being read and of which some has arrived, the largest first. */
  readonly largest: readonly FileUnderWay[]
  /** Directories, names and ranges that are known and not begun. */
  readonly pending: number
  /** A listing has gone beyond its first page and not come to its end. */
  readonly listing: boolean
  /** Starts nothing more. What is in flight comes to its end, then `done` settles. */
  stop(): void
  /**
   * After `stop()` and `done`: what was not done, each piece exactly once. Throws `OPTION_INVALID` before, and after
   * an abort, when nobody can tell.
   */
  rest(): WalkPart[]
  /** Hands pending work away while the walk goes on: at most `maxUnits` directories, names and ranges. */
  take(maxUnits: number): TakenPart[]
  /** After `done`: the scopes of handed parts that must be ignored, because `rest()` has what they were found in. */
  voidScopes(): number[]
  /**
   * Failures that stand, since the last call; at most 100,000 are held, the counters have all. Empty with
   * `entries: 'all'`, where each is an entry.
   */
  takeFailures(): WalkFailure[]
}

/**
 * Reads the head of every file below the export's root through each mount; options change each of these words.
 * It begins at once. A directory comes before what is in it; nothing else is promised of the order. With
 * `entries: 'all'` no more is read than is pulled, a bounded number ahead aside, so somebody has to iterate.
 * A path that fails is a failed entry and a figure in the counters, never an exception; bad options throw
 * `OPTION_INVALID` right here. Breaking off the iteration stops the walk.
 */
export const walk = (mounts: readonly Mount[], options: WalkOptions = {}): Walk =>
  new Walker(mounts, settingsOf(options))
