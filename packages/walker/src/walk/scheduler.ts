import { WalkError } from '../errors.ts'
import type { Mount } from '../mounts/mount.ts'
import { Context } from './context.ts'
import type { EntryQueue } from './entries.ts'
import { listDirectory } from './list.ts'
import { openEntry, openLink, openPart } from './open.ts'
import type { Settings } from './options.ts'
import { joinFiles, type TakenPart, type WalkPart } from './parts.ts'
import { closeFile, type ReadEnd, readUnit } from './read.ts'
import { byRank, type Tally } from './tallies.ts'
import type { Given, WalkUnit } from './units.ts'

/**
 * running -> settled, when nothing is left
 * running -> stopping -> settled, by `stop()`
 * running, stopping -> aborted, by the signal
 */
type State = 'running' | 'stopping' | 'settled' | 'aborted'

/** A listing that waits until more names may come. */
interface Paused {
  readonly tally: Tally
  readonly resume: () => void
}

/** Decides what begins when; the work itself is in `read.ts`, `list.ts` and `open.ts`. */
export class Scheduler extends Context {
  readonly done: Promise<void>

  private readonly listings: ListingLimit
  private readonly waitingEnd: AbortController
  private readonly settle: { resolve(): void; reject(reason: unknown): void }
  private state: State = 'running'
  /** Units being read, and units being listed or looked into. */
  private reading = 0
  private walking = 0
  /** Listings that wait for room, the deepest last; they are among `walking`, but hold no place. */
  private readonly paused: Paused[] = []
  private openListings = 0
  /** Reads that wait for a mount to send on, each to be resumed; they hold no place. */
  private readonly parked = new Set<() => void>()
  private collectedRest: WalkPart[] = []

  constructor(mounts: readonly Mount[], settings: Settings) {
    const waiting = new AbortController()
    super(mounts, settings, waiting.signal)
    this.waitingEnd = waiting
    this.listings = new ListingLimit(mounts, settings)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.done = promise
    this.settle = { resolve, reject }
    // A caller who iterates hears of an abort there, and need not wait for `done` as well.
    promise.catch(() => {})
    const { signal, parts } = settings
    this.frontier.addParts(parts, 0)
    if (signal.aborted) this.abort()
    else {
      signal.addEventListener('abort', this.abort, { once: true })
      queueMicrotask(() => this.wake())
    }
  }

  get pending(): number {
    return this.frontier.pending
  }

  /** The entries, for one caller to pull. Throws `OPTION_INVALID` where there are none, or another caller has them. */
  iterate(): EntryQueue {
    if (this.entries !== undefined) {
      this.tallies.forgetFailures()
      return this.entries.iterate()
    }
    throw new WalkError(
      'OPTION_INVALID',
      this.settings.entries === 'none'
        ? 'entries is "none", expected "all" to iterate over the walk'
        : 'the walk runs without entries, as its `done` was asked for first: iterate over it before',
    )
  }

  /** No caller iterates, and one waits for the end: entries that are never pulled must not hold the walk up. */
  runWithoutEntries(): void {
    if (this.entries === undefined || this.entries.isIterated) return
    this.entries = undefined
    this.wake()
  }

  /** A listing has gone beyond its first page and not come to its end. */
  get listing(): boolean {
    return this.openListings > 0
  }

  get going(): boolean {
    return this.state === 'running'
  }

  stop(): void {
    if (this.state !== 'running') return
    this.state = 'stopping'
    this.endWaiting()
    this.resumeParked()
    while (this.paused.length > 0) {
      this.walking++
      this.paused.pop()?.resume()
    }
    this.wake()
  }

  rest(): WalkPart[] {
    if (this.state === 'settled') return [...this.collectedRest]
    throw new WalkError('OPTION_INVALID', `rest() of a walk that is ${this.state}, expected stop() and done before`)
  }

  take(maxUnits: number): TakenPart[] {
    if (!this.going) return []
    const given = this.frontier.give(maxUnits)
    this.wake()
    return given.map(({ part, tally }) => ({ part, scope: this.tallies.hand(tally) }))
  }

  /** More to walk; what has a higher priority begins first. Throws `OPTION_INVALID` once nothing more may start. */
  add(parts: readonly WalkPart[], priority: number): void {
    if (!this.going)
      throw new WalkError('OPTION_INVALID', `add() to a walk that is ${this.state}, expected one that is running`)
    this.frontier.addParts(parts, priority)
    // What is added in one go is put into order before any of it begins.
    queueMicrotask(() => this.wake())
  }

  async close(): Promise<void> {
    this.stop()
    await this.done.catch(() => {})
  }

  pageCame(names: number): void {
    this.listings.came(names)
  }

  listingOpen(change: 1 | -1): void {
    this.openListings += change
  }

  async roomForPage(tally: Tally): Promise<void> {
    this.wake()
    if (!this.going || !(this.full || this.crowded)) return
    this.walking--
    const paused = new Promise<void>((resume) => this.paused.push({ tally, resume }))
    this.wake()
    await paused
  }

  park(ms: number, resume: () => void): void {
    const { clock } = this.settings
    const go = (): void => {
      this.parked.delete(go)
      stopTimer()
      this.reading++
      resume()
    }
    const stopTimer = clock.setTimer(this.going ? ms : 0, go)
    this.parked.add(go)
    this.reading--
    this.wake()
  }

  wake(): void {
    const { worthBeginning } = this.mounts
    while (this.mayBegin && this.reading < worthBeginning && this.slots.tryTake()) {
      const unit = this.frontier.nextRead()
      if (!unit) {
        this.slots.give()
        break
      }
      this.reading++
      readUnit(this, unit, this.readEnd)
    }
    while (this.mayBegin && this.resumePaused()) {}
    while (this.mayBegin && this.walking < this.walksAllowed) {
      const unit = this.frontier.nextWalk(this.full, this.settings.concurrency)
      if (!unit) break
      this.walking++
      void this.lookInto(unit).then(() => this.walkDone(unit), this.crash)
    }
    if (this.reading + this.walking + this.paused.length + this.parked.size > 0) return
    if (this.state === 'stopping' || (this.going && this.pending === 0)) this.finish()
  }

  private readonly readEnd: ReadEnd = {
    done: () => {
      this.reading--
      this.wake()
    },
    crashed: (error) => this.crash(error),
  }

  private walkDone(unit: WalkUnit): void {
    this.walking--
    this.frontier.walked(unit)
    this.wake()
  }

  private lookInto(unit: WalkUnit): Promise<void> {
    if (unit.kind === 'directory') return listDirectory(this, unit)
    if (unit.kind === 'entry') return openEntry(this, unit)
    return unit.kind === 'link' ? openLink(this, unit) : openPart(this, unit)
  }

  private get mayBegin(): boolean {
    // Where a mount sends nothing of any file, all of them come to wait: they are no more than names that are held.
    if (!this.going || this.parked.size >= this.settings.maxPending) return false
    return !this.entries || this.entries.room > this.reading + this.walking + this.parked.size
  }

  /** The caller has to pull before more may come: pages that bring entries themselves would run ahead of it. */
  private get crowded(): boolean {
    return this.entries !== undefined && this.entries.room <= 0
  }

  private get full(): boolean {
    return this.frontier.held > this.settings.maxPending
  }

  /** Listings that are open come before new ones: they hold their tallies, and the mounts' resources. */
  private resumePaused(): boolean {
    const { length } = this.paused
    if (length === 0 || this.walking >= this.listings.allowed(this.frontier.held)) return false
    const at = this.nextPaused()
    const [next] = at < 0 ? [] : this.paused.splice(at, 1)
    if (next === undefined) return false
    this.walking++
    next.resume()
    return true
  }

  /** Of the part that comes first, the deepest. Where no more may be held, only a listing that all others wait for continues. */
  private nextPaused(): number {
    const { frontier, paused } = this
    if (this.full) return frontier.isDry ? paused.findLastIndex(({ tally }) => frontier.isFirst(tally)) : -1
    let best = paused.length - 1
    for (let at = best - 1; at >= 0; at--)
      if (byRank((paused[at] as Paused).tally.rank, (paused[best] as Paused).tally.rank) < 0) best = at
    return best
  }

  /**
   * When more is pending than wanted, it is directories that are too many. The walk then descends, because they become
   * fewer only at the bottom of the tree; the more are pending, the fewer it lists at a time.
   */
  private get walksAllowed(): number {
    const { maxPending } = this.settings
    const { held } = this.frontier
    const listings = this.listings.allowed(held)
    if (!this.full) return listings
    return Math.max(1, Math.floor(listings * (2 - held / maxPending)))
  }

  private finish(): void {
    if (this.state === 'stopping') this.collectedRest = this.collectRest()
    this.state = 'settled'
    this.endWaiting()
    this.settings.signal.removeEventListener('abort', this.abort)
    this.entries?.close()
    this.settle.resolve()
  }

  /** What others have to do: in place of every listing that is rolled back all of it, else what is not done. */
  private collectRest(): WalkPart[] {
    const left: Given[] = [...this.tallies.rollBack(), ...this.returned]
    for (const file of this.begun) {
      for (const part of file.giveRest()) left.push({ part, tally: file.tally })
      closeFile(this, file)
    }
    for (const given of this.frontier.rest()) left.push(given)
    const standing = left.filter(({ tally }) => !this.tallies.isVoid(tally))
    standing.sort((one, other) => byRank(one.tally.rank, other.tally.rank))
    return joinFiles(standing.map(({ part }) => part))
  }

  private readonly abort = (): void => this.end(this.settings.signal.reason)

  /** Something threw that must not: better no walk than one that never ends. */
  private readonly crash = (error: unknown): void => this.end(error)

  private end(reason: unknown): void {
    if (this.state === 'settled' || this.state === 'aborted') return
    this.state = 'aborted'
    this.endWaiting()
    this.settings.signal.removeEventListener('abort', this.abort)
    this.frontier.keep(() => false)
    this.resumeParked()
    for (const { resume } of this.paused.splice(0)) resume()
    this.entries?.fail(reason)
    this.settle.reject(reason)
  }

  private resumeParked(): void {
    for (const resume of this.parked) resume()
  }

  private endWaiting(): void {
    this.waitingEnd.abort(new WalkError('MOUNT_DOWN', 'the walk stopped before the mount answered'))
  }
}

const usual = 16

/**
 * How many directories are listed at a time: enough to keep what may be pending filled, where each brings little; not
 * more than a few where each may bring thousands of names, for all that are out may come at once.
 */
export class ListingLimit {
  private readonly least: number
  private readonly most: number
  private readonly maxPending: number
  /** Names of a page, as of late: quick to believe in large ones, slow to forget them. */
  private pageNames: number

  constructor(mounts: readonly Mount[], { listings, maxPending }: Settings) {
    this.least = listings ?? usual
    this.most = listings ?? Math.min(...mounts.map(({ maxListings = usual }) => maxListings))
    this.maxPending = maxPending
    this.pageNames = maxPending / this.least
  }

  /** A page with this many names came. */
  came(names: number): void {
    this.pageNames = Math.max(names, this.pageNames + (names - this.pageNames) / 32)
  }

  /** Listings that may be in flight while this much is pending. */
  allowed(pending: number): number {
    if (this.most <= this.least) return this.least
    const wanted = Math.floor((this.maxPending - pending) / Math.max(1, this.pageNames))
    return Math.max(this.least, Math.min(this.most, wanted))
  }
}
