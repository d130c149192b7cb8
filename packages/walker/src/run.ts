import type { WalkEntry } from './entries.ts'
import type { WalkError } from './errors.ts'
import type { Frontier, WalkUnit } from './frontier.ts'
import type { LargeFile } from './large-file.ts'
import type { Resolver } from './links.ts'
import type { MountSet } from './mount-set.ts'
import type { Settings } from './options.ts'
import type { ReadUnit } from './read-unit.ts'
import type { FileSample } from './sample.ts'
import type { Slots } from './slots.ts'
import type { Tallies, Tally } from './tallies.ts'
import type { ArrivingRead } from './under-way.ts'

/** What the pieces of a walk share. */
export interface Run {
  readonly settings: Settings
  readonly mounts: MountSet
  readonly resolver: Resolver
  readonly frontier: Frontier
  readonly tallies: Tallies
  readonly slots: Slots
  /** Files for whoever wants to measure, where somebody does. */
  readonly sample: FileSample | undefined
  /** Large files that are begun and not finished. */
  readonly begun: Set<LargeFile>
  /** What is being read, request by request, and of which some has arrived. */
  readonly arriving: Set<ArrivingRead>
  /** Aborts when nobody should wait for mounts any longer, because nothing more may start. */
  readonly waiting: AbortSignal
  /** False once nothing more may start. */
  readonly going: boolean
  /**
   * Calls `resume` after a while, at once when nothing more may start. The read that waits gave its slot back, and is not
   * among those that are begun meanwhile.
   */
  park(ms: number, resume: () => void): void
  emit(entry: WalkEntry): void
  /** Counts and reports a failure; one mount's, where it has a name. */
  fail(tally: Tally, path: string, error: WalkError, mount?: string): void
  /** What was begun when the walk stopped, and is not done. */
  giveBack(unit: ReadUnit | WalkUnit): void
}
