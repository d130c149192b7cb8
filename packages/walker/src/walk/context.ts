import type { WalkError } from '../errors.ts'
import type { Slots } from '../limits/limiter.ts'
import type { WalkEntry } from './entries.ts'
import type { Frontier, WalkUnit } from './frontier.ts'
import type { MountSet } from './mount-set.ts'
import type { Settings } from './options.ts'
import type { Resolver } from './resolver.ts'
import type { FileSample } from './sample.ts'
import type { LargeFile, ReadUnit } from './sources.ts'
import type { Tallies, Tally } from './tallies.ts'

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

/** A file that is being read. */
export interface FileUnderWay {
  readonly path: string
  /** Bytes of it that have arrived, each once. */
  readonly bytes: number
  /** Bytes of it that are to be read here; undefined while its size is unknown. */
  readonly size: number | undefined
}

/** A unit that is read by several requests, some of which have been answered. */
export interface ArrivingRead {
  readonly unit: ReadUnit
  /** Undefined for a file that is read in one piece. */
  readonly chunk: ReadUnit['chunk']
  /** What has arrived of it, each byte once. */
  readonly bytes: number
}

interface UnderWay {
  readonly begun: ReadonlySet<LargeFile>
  readonly arriving: ReadonlySet<ArrivingRead>
  readonly settings: { readonly headBytes: number }
}

const LARGEST = 3

/** Bytes that arrived of files that are not complete. */
export function bytesInFlight({ begun, arriving }: UnderWay): number {
  let sum = 0
  for (const { bytes } of begun) sum += bytes
  for (const { bytes } of arriving) sum += bytes
  return sum
}

/** The largest of these files; of those whose size is unknown, what has arrived stands for it. */
export function largest({ begun, arriving, settings: { headBytes } }: UnderWay): FileUnderWay[] {
  const files: FileUnderWay[] = []
  const ofChunks = new Map<LargeFile, number>()
  for (const { unit, chunk, bytes } of arriving)
    if (chunk !== undefined) ofChunks.set(chunk.file, (ofChunks.get(chunk.file) ?? 0) + bytes)
    else
      files.push({ path: unit.path, bytes, size: unit.size === undefined ? undefined : Math.min(unit.size, headBytes) })
  for (const file of begun) {
    const bytes = file.bytes + (ofChunks.get(file) ?? 0)
    if (bytes > 0) files.push({ path: file.unit.path, bytes, size: file.wanted })
  }
  const measure = ({ bytes, size = bytes }: FileUnderWay): number => size
  return files.sort((a, b) => measure(b) - measure(a) || (a.path < b.path ? -1 : 1)).slice(0, LARGEST)
}
