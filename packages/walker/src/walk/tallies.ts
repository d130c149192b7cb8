import {
  addBytes,
  addCounts,
  addLevel,
  type Counts,
  deepestLevel,
  type LevelCounters,
  latencyBin,
  type MountRead,
  sizeClass,
  type WalkFailure,
  zeroCounts,
} from './counters.ts'
import type { WalkPart } from './parts.ts'

/** Where a part stands among the others of a walk: a higher priority comes first, then what was given first. */
export interface Rank {
  readonly priority: number
  readonly at: number
}

/** Sorts what comes first to the front. */
export const byRank = (one: Rank, other: Rank): number => other.priority - one.priority || one.at - other.at

/*
 * A listing of several pages that can't be resumed is provisional until its end: should the walk stop in the middle,
 * the whole directory goes to another walk, and nothing found below it may count. So its finds go to a tally of
 * their own. One that finishes merges into the tally around it; one that is void takes all the tallies in it along.
 */
export interface Tally {
  readonly id: number
  /** The tally around this one when it opened; the root has none. */
  readonly parent: Tally | undefined
  /** Of the part that everything in this tally was found in. */
  readonly rank: Rank
  /** What to do again in place of everything in this tally. */
  readonly redo: WalkPart | undefined
  readonly counts: Counts
  failures: WalkFailure[]
  state: 'open' | 'merged' | 'void'
  /** Parts from within were handed away. */
  handed: boolean
}

/** What reading a file, or a range of a large one, came to. */
export interface Achieved {
  /** 1 when it counts the file and all went well. */
  readonly files: 0 | 1
  /** 1 when that file is longer than what was wanted of it. */
  readonly filesInPart: 0 | 1
  readonly bytes: number
  /** What came through each mount that did not fail. */
  readonly reads: readonly MountRead[]
  /** The mounts that read the file's beginning, which counts it for them; undefined: all of `reads`. */
  readonly begunThrough?: ReadonlySet<string> | undefined
}

/** Failures held between two calls of `takeFailures()`. More are counted, and no longer listed. */
const failuresHeld = 100_000

/** The tallies of one walk, and its live figures: everything that is not void. */
export class Tallies {
  readonly root: Tally
  readonly live: Counts & { chunks: number; inFlight: number; bytesArrived: number }
  private readonly liveAlone: readonly Counts[]
  private readonly mountNames: readonly string[]
  private holdFailures: boolean
  private readonly opened = new Set<Tally>()
  private readonly scopes = new Set<Tally>()
  private nextId = 0
  private held = 0

  constructor(mountNames: readonly string[], options: { readonly holdFailures: boolean }) {
    this.mountNames = mountNames
    this.holdFailures = options.holdFailures
    this.root = this.make(undefined, { priority: 0, at: 0 }, undefined)
    this.live = { ...zeroCounts(mountNames), chunks: 0, inFlight: 0, bytesArrived: 0 }
    this.liveAlone = [this.live]
  }

  open(parent: Tally, redo: WalkPart): Tally {
    const tally = this.make(parent, parent.rank, redo)
    this.opened.add(tally)
    return tally
  }

  /** For what is found in a part of this rank. It counts in the root. */
  ofPart(rank: Rank): Tally {
    const { counts } = this.root
    return {
      id: this.nextId++,
      parent: this.root,
      rank,
      redo: undefined,
      counts,
      failures: [],
      state: 'merged',
      handed: false,
    }
  }

  /** What holds the finds of this tally now: itself while it is open or void, then what it merged into. */
  holder(tally: Tally): Tally {
    let at = tally
    while (at.state === 'merged' && at.parent) at = at.parent
    return at
  }

  isVoid(tally: Tally): boolean {
    return this.holder(tally).state === 'void'
  }

  /** The listing came to its end: its finds stand as firmly as those around it. */
  finish(tally: Tally): void {
    if (tally.state !== 'open') return
    tally.state = 'merged'
    this.opened.delete(tally)
    const into = this.holder(tally)
    for (const failure of tally.failures) into.failures.push(failure)
    tally.failures = []
    if (into !== this.root) addCounts(into.counts, tally.counts, 1)
    else for (const scope of this.scopes) if (this.holder(scope) === this.root) this.scopes.delete(scope)
  }

  /** Nothing within the tally counts any more. */
  void(tally: Tally): void {
    const doomed = [...this.opened].filter((inner) => this.isWithin(inner, tally))
    for (const inner of doomed) {
      this.opened.delete(inner)
      inner.state = 'void'
      addCounts(this.live, inner.counts, -1)
      this.held -= inner.failures.length
      inner.failures = []
    }
  }

  /** Voids everything that is open, and says what to do again in its place, and in which tally that was to be done. */
  rollBack(): { readonly part: WalkPart; readonly tally: Tally }[] {
    const outermost = [...this.opened].filter(({ parent }) => parent && this.holder(parent) === this.root)
    for (const tally of outermost) this.void(tally)
    return outermost.flatMap(({ redo, parent }) => (redo && parent ? { part: redo, tally: parent } : []))
  }

  /** Notes that something in the tally was handed away; gives its scope, unless it stands already. */
  hand(tally: Tally): number | undefined {
    const scope = this.holder(tally)
    if (scope === this.root) return undefined
    this.scopes.add(scope)
    for (let at = scope; at.parent; at = this.holder(at.parent)) at.handed = true
    return scope.id
  }

  voidScopes(): number[] {
    return [...this.scopes].filter((scope) => this.isVoid(scope)).map(({ id }) => id)
  }

  /** Entries that a rule of the filter left out. */
  leaveOut(tally: Tally, rule: string, by = 1): void {
    for (const counts of this.countsOf(tally)) {
      counts.entriesSkipped += by
      counts.leftOut[rule] = (counts.leftOut[rule] ?? 0) + by
    }
  }

  count(tally: Tally, what: 'directories' | 'specialSkipped', by = 1): void {
    for (const counts of this.countsOf(tally)) counts[what] += by
  }

  /** What a listing of the directory at `path` came to. */
  found(tally: Tally, path: string, found: Readonly<LevelCounters>): void {
    const depth = Math.min(deepestLevel, path === '/' ? 0 : path.split('/').length - 1)
    for (const counts of this.countsOf(tally)) addLevel(counts, depth, found)
  }

  achieve(tally: Tally, { files, filesInPart, bytes, reads, begunThrough }: Achieved): void {
    for (const counts of this.countsOf(tally)) {
      counts.files += files
      counts.filesInPart += filesInPart
      counts.bytes = addBytes(counts.bytes, bytes)
      for (const read of reads) {
        const mount = counts.mounts[read.mount]
        if (!mount) continue
        if (!begunThrough || begunThrough.has(read.mount)) mount.files++
        mount.bytes = addBytes(mount.bytes, read.bytes)
        if (read.firstMs === undefined) continue
        const bin = latencyBin(read.firstMs)
        mount.latencies[bin] = (mount.latencies[bin] ?? 0) + 1
      }
    }
  }

  /** A file that was found, and is not to be read: how large it is, and what reading it would bring. */
  find(tally: Tally, { size, wanted }: { readonly size: number; readonly wanted: number }): void {
    for (const counts of this.countsOf(tally)) {
      counts.files++
      counts.bytes = addBytes(counts.bytes, wanted)
      const key = sizeClass(size)
      const sizes = counts.sizes[key] ?? { files: 0, bytes: 0 }
      counts.sizes[key] = sizes
      sizes.files++
      sizes.bytes = addBytes(sizes.bytes, size)
    }
  }

  /** This many files were found through the mount. */
  findThrough(tally: Tally, mountName: string, files: number): void {
    for (const { mounts } of this.countsOf(tally)) {
      const mount = mounts[mountName]
      if (mount) mount.files += files
    }
  }

  fail(tally: Tally, failure: WalkFailure): void {
    for (const counts of this.countsOf(tally)) {
      counts.failures[failure.code] = (counts.failures[failure.code] ?? 0) + 1
      const mount = counts.mounts[failure.mount ?? '']
      if (mount && failure.mount !== undefined) mount.failures++
    }
    const holder = this.holder(tally)
    if (!this.holdFailures || this.held >= failuresHeld || holder.state === 'void') return
    this.held++
    holder.failures.push(failure)
  }

  /** Failures are not kept from now on: each is an entry of the iteration. */
  forgetFailures(): void {
    this.holdFailures = false
    for (const tally of [this.root, ...this.opened]) tally.failures = []
    this.held = 0
  }

  /** The failures that stand, since the last call. */
  takeFailures(): WalkFailure[] {
    const { failures } = this.root
    this.root.failures = []
    this.held -= failures.length
    return failures
  }

  /** Where a find in the tally is counted: in the live figures, and in the open tally that may take it back. */
  private countsOf(tally: Tally): readonly Counts[] {
    const holder = this.holder(tally)
    if (holder === this.root) return this.liveAlone
    return holder.state === 'void' ? [] : [this.live, holder.counts]
  }

  private make(parent: Tally | undefined, rank: Rank, redo: WalkPart | undefined): Tally {
    const counts = zeroCounts(this.mountNames)
    return { id: this.nextId++, parent, rank, redo, counts, failures: [], state: 'open', handed: false }
  }

  private isWithin(tally: Tally, outer: Tally): boolean {
    for (let at = tally; ; at = this.holder(at.parent)) {
      if (at === outer) return true
      if (!at.parent) return false
    }
  }
}
