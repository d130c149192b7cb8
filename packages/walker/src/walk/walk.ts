import type { Mount } from '../mounts/mount.ts'
import { bytesInFlight, type FileUnderWay, largest } from './context.ts'
import type { WalkCounters, WalkFailure } from './counters.ts'
import type { WalkEntry } from './entries.ts'
import { tellProgress } from './observer.ts'
import { type AddOptions, checkParts, checkPriority, settingsOf, type WalkOptions } from './options.ts'
import type { TakenPart, WalkPart } from './parts.ts'
import type { SampledFile } from './sample.ts'
import { Scheduler } from './scheduler.ts'

/**
 * Reads the head of every file below the export's root through each mount; options change each of these words.
 * It begins at once. A directory comes before what is in it; the order is otherwise undefined. Iterate over it, once: reads
 * then keep a bounded number of entries ahead of the caller. Or wait for `done`: without a caller who iterates the walk runs to
 * its end by itself, and makes no entries. Without either it pauses.
 * A path that fails is a failed entry and a figure in the counters, never an exception; bad options throw
 * `OPTION_INVALID` right here. Breaking off the iteration stops the walk.
 */
export const walk = (mounts: readonly Mount[], options: WalkOptions = {}): Walk => new Walk(mounts, options)

/** A walk under way. Iterate it, or wait for `done`. */
export class Walk implements AsyncIterable<WalkEntry>, AsyncDisposable {
  private readonly scheduler: Scheduler

  /** See `walk`. */
  constructor(mounts: readonly Mount[], options: WalkOptions) {
    const settings = settingsOf(options)
    this.scheduler = new Scheduler(mounts, settings)
    tellProgress({ done: this.scheduler.done, counters: () => this.counters }, settings)
  }

  /**
   * Settles when nothing is left, or when the reads in flight are over after `stop()`. Rejects only when the signal
   * aborts, with its reason: every other failure is a failure of a path. To ask for it before iterating, and not to begin
   * that in the same turn of the event loop, is to do without entries.
   */
  get done(): Promise<void> {
    queueMicrotask(() => this.scheduler.runWithoutEntries())
    return this.scheduler.done
  }

  /** As of now. */
  get counters(): WalkCounters {
    const { tallies, mounts } = this.scheduler
    const { live } = tallies
    const figures = mounts.members.map((member) => {
      const { latencies, ...counts } = live.mounts[member.name] ?? { files: 0, bytes: 0, failures: 0, latencies: {} }
      return [member.name, { ...counts, latencies: { ...latencies }, ...mounts.figures(member) }]
    })
    const sizes = Object.entries(live.sizes).map(([size, counts]) => [size, { ...counts }])
    return {
      ...live,
      bytesInFlight: bytesInFlight(this.scheduler),
      failures: { ...live.failures },
      sizes: Object.fromEntries(sizes),
      mounts: Object.fromEntries(figures),
    }
  }

  /** Of the files that were found so far, with `sampleFiles`. */
  get sampled(): readonly SampledFile[] {
    return this.scheduler.sample?.files ?? []
  }

  /** No mount answers: the walk waits until one does, or until `stop()`, which hands everything back. */
  get allDown(): boolean {
    return this.scheduler.mounts.allDown
  }

  /** Mounts that do not answer and that reads or listings wait for. */
  get awaited(): readonly string[] {
    return this.scheduler.mounts.awaited
  }

  /** At most three files that are being read and partly arrived, the largest first. */
  get largest(): readonly FileUnderWay[] {
    return largest(this.scheduler)
  }

  /** Directories, names and ranges that are known and not begun. */
  get pending(): number {
    return this.scheduler.pending
  }

  /** A listing has gone beyond its first page and not come to its end. */
  get listing(): boolean {
    return this.scheduler.listing
  }

  /**
   * Adds to what is walked while the walk runs. Parts of a higher priority begin before all of a lower one that has not begun;
   * those of `WalkOptions` have 0. Throws `OPTION_INVALID` for bad parts, and once the walk is over or was stopped.
   */
  add(parts: WalkPart | readonly WalkPart[], { priority = 0 }: AddOptions = {}): void {
    const list: readonly WalkPart[] = 'kind' in parts ? [parts] : parts
    checkParts(list)
    checkPriority(priority)
    this.scheduler.add(list, priority)
  }

  /** Starts nothing more. What is in flight comes to its end, then `done` settles. */
  stop(): void {
    this.scheduler.stop()
  }

  /** After `stop()` and `done`: what was not done, each piece exactly once. Throws `OPTION_INVALID` before, and after an abort. */
  rest(): WalkPart[] {
    return this.scheduler.rest()
  }

  /** Hands pending work away while the walk runs: at most `maxUnits` directories, names and ranges. */
  take(maxUnits: number): TakenPart[] {
    return this.scheduler.take(maxUnits)
  }

  /** After `done`: the scopes of handed parts that must be ignored, because `rest()` has what they were found in. */
  voidScopes(): number[] {
    return this.scheduler.tallies.voidScopes()
  }

  /**
   * Failures that stand, since the last call; at most 100,000 are held, the counters have all. Empty where a caller iterates,
   * as each is an entry.
   */
  takeFailures(): WalkFailure[] {
    return this.scheduler.tallies.takeFailures()
  }

  /** Breaking off stops the walk. Throws `OPTION_INVALID` the second time, and where the walk runs without entries. */
  [Symbol.asyncIterator](): AsyncIterator<WalkEntry, undefined> {
    return this.scheduler.iterate()
  }

  /** Stops the walk, and settles when what is in flight has come to its end. Never rejects. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.scheduler.close()
  }
}
