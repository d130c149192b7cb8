import type { WalkError } from '../errors.ts'
import { Slots } from '../limits/limiter.ts'
import type { Mount } from '../mounts/mount.ts'
import { EntryQueue } from './entries.ts'
import { Frontier } from './frontier.ts'
import { MountSet } from './mount-set.ts'
import { tell } from './observer.ts'
import type { Settings } from './options.ts'
import { Resolver } from './resolver.ts'
import { FileSample } from './sample.ts'
import { type LargeFile, partOf, type ReadUnit } from './sources.ts'
import { Tallies, type Tally } from './tallies.ts'
import { type Given, partOfUnit, type WalkUnit } from './units.ts'

/** What the pieces of a walk share, and where they report. What begins when is decided by the scheduler, which extends it. */
export abstract class Context {
  readonly settings: Settings
  readonly mounts: MountSet
  readonly resolver: Resolver
  readonly tallies: Tallies
  readonly slots: Slots
  readonly frontier: Frontier
  /** Entries for the caller who iterates over the walk; undefined where no caller does, so that none are made. */
  entries: EntryQueue | undefined
  /** Files for the caller to measure, where `sampleFiles` asks for them. */
  readonly sample: FileSample | undefined
  /** Large files that are begun and not finished. */
  readonly begun: Set<LargeFile> = new Set()
  /** Reads in flight that take several requests, some of them answered. */
  readonly arriving: Set<ArrivingRead> = new Set()
  /** Aborts when nothing more may start, and so nothing should wait for a mount. */
  readonly waiting: AbortSignal
  /** Units that were begun when the walk stopped, and are not done. */
  readonly returned: Given[] = []

  constructor(mounts: readonly Mount[], settings: Settings, waiting: AbortSignal) {
    const { concurrency, entries, sampleFiles, signal } = settings
    this.settings = settings
    this.waiting = waiting
    this.mounts = new MountSet(mounts, settings)
    this.resolver = new Resolver(this.mounts, signal, waiting)
    this.tallies = new Tallies(this.mounts.names, { holdFailures: true })
    this.frontier = new Frontier(this.tallies, { inOrder: settings.order === 'given' })
    this.slots = new Slots(concurrency)
    this.sample = sampleFiles > 0 ? new FileSample(sampleFiles) : undefined
    if (entries === 'all')
      this.entries = new EntryQueue(concurrency, { onRoom: () => this.wake(), onReturn: () => this.close() })
  }

  /** False once nothing more may start. */
  abstract readonly going: boolean
  /** Begins all that may begin now. */
  abstract wake(): void
  /** Stops the walk, and settles when it has ended. */
  abstract close(): Promise<void>
  /**
   * Calls `resume` after `ms`, or at once when nothing more may start. A read that waits holds no slot, and does not count
   * as begun meanwhile.
   */
  abstract park(ms: number, resume: () => void): void
  /** Settles when more names of what was found in the tally may come; until then the listing's place is free for others. */
  abstract roomForPage(tally: Tally): Promise<void>
  /** A page with this many names came. */
  abstract pageCame(names: number): void
  /** A listing goes beyond its first page (1), or is over (-1). */
  abstract listingOpen(change: 1 | -1): void

  /** Counts and reports a failure; one mount's, where it has a name. */
  fail(tally: Tally, path: string, error: WalkError, mount?: string): void {
    const failure = { path, mount, code: error.code, message: error.message }
    this.tallies.fail(tally, failure)
    if (this.settings.observer) tell(this.settings.observer, 'failed', failure)
    this.entries?.push({ kind: 'failed', path, mount, error })
  }

  giveBack(unit: ReadUnit | WalkUnit): void {
    this.returned.push({ part: 'kind' in unit ? partOfUnit(unit) : partOf(unit), tally: unit.tally })
  }
}

/** A file that is being read. */
export interface FileUnderWay {
  readonly path: string
  /** Bytes of it that have arrived, each once. */
  readonly bytes: number
  /** Bytes of it that are to be read here; undefined while its size is unknown. */
  readonly size: number | undefined
}

/** A unit that is read by several requests, some of them answered. */
export interface ArrivingRead {
  readonly unit: ReadUnit
  /** Undefined for a file that is read in one piece. */
  readonly chunk: ReadUnit['chunk']
  /** Bytes of it that have arrived, each once. */
  readonly bytes: number
}

type UnderWay = Pick<Context, 'begun' | 'arriving' | 'settings'>

const largestFiles = 3

/** Bytes that arrived of files that are not complete. */
export function bytesInFlight({ begun, arriving }: UnderWay): number {
  let sum = 0
  for (const { bytes } of begun) sum += bytes
  for (const { bytes } of arriving) sum += bytes
  return sum
}

/** The largest of these files; a file of unknown size counts by what has arrived of it. */
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
  return files.sort((a, b) => measure(b) - measure(a) || (a.path < b.path ? -1 : 1)).slice(0, largestFiles)
}
