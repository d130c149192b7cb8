import type { ReadSource } from './sources.ts'
import { byRank, type Rank } from './tallies.ts'
import type { WalkUnit } from './units.ts'

/** Sources searched for one that no read is in flight of. */
const mostBusy = 64

/** What is known of one part, and not begun. Last in, first out: the deepest first, so that little is held. */
export class Lane {
  readonly rank: Rank
  readonly sources: ReadSource[] = []
  readonly units: WalkUnit[] = []
  /** Files and ranges to read. */
  reads = 0
  /** Units that are looked into now: they may bring more. */
  out = 0
  before: Lane | undefined
  after: Lane | undefined
  /** A part between the lane before and this one is over. */
  skips = false

  constructor(rank: Rank) {
    this.rank = rank
  }

  /** Nothing of the part is left to begin, or to be found. */
  get isOver(): boolean {
    return this.out === 0 && this.units.length === 0 && this.sources.length === 0
  }

  /** It waits for what listings bring. */
  get isDry(): boolean {
    return this.units.length === 0 && this.sources.length === 0
  }

  get hasIdleSource(): boolean {
    return this.sources.length > 0 && !this.sources[this.nextSource()]?.isBusy
  }

  /** The last source that is not busy, else the last. */
  nextSource(): number {
    const last = this.sources.length - 1
    if (!this.sources[last]?.isBusy) return last
    for (let at = last; at >= Math.max(0, last - mostBusy); at--) if (!this.sources[at]?.isBusy) return at
    return last
  }

  keepSources(test: (source: ReadSource) => boolean): void {
    const kept = this.sources.filter(test)
    this.sources.length = 0
    for (const source of kept) this.sources.push(source)
    this.reads = kept.reduce((sum, source) => sum + source.pending, 0)
  }

  keepUnits(test: (unit: WalkUnit) => boolean): void {
    const kept = this.units.filter(test)
    this.units.length = 0
    for (const unit of kept) this.units.push(unit)
  }
}

/** The parts that were looked at and are not over, in the order in which they are to be read. */
export class Lanes {
  private head: Lane | undefined
  private tail: Lane | undefined
  /** Parts behind the last lane are over. */
  private skipsAtEnd = false
  private readonly byRank = new Map<Rank, Lane>()

  get first(): Lane | undefined {
    return this.head
  }

  /** The lane of the part that comes right after the first one; undefined where that part is over, or not looked at. */
  get second(): Lane | undefined {
    const second = this.head?.after
    return second?.skips === false ? second : undefined
  }

  get(rank: Rank): Lane | undefined {
    return this.byRank.get(rank)
  }

  /** The lane of the part; a new one in its place where there is none. */
  of(rank: Rank): Lane {
    return this.byRank.get(rank) ?? this.insert(new Lane(rank))
  }

  removeIfOver(lane: Lane): void {
    if (!lane.isOver || this.byRank.get(lane.rank) !== lane) return
    this.byRank.delete(lane.rank)
    const { before, after } = lane
    if (before) before.after = after
    else this.head = after
    if (after) after.before = before
    else this.tail = before
    if (after) after.skips = before !== undefined
    else this.skipsAtEnd = before !== undefined
  }

  *forwards(): Generator<Lane, void> {
    for (let lane = this.head; lane; lane = lane.after) yield lane
  }

  *backwards(): Generator<Lane, void> {
    for (let lane = this.tail; lane; lane = lane.before) yield lane
  }

  private insert(lane: Lane): Lane {
    let before = this.tail
    while (before && byRank(before.rank, lane.rank) > 0) before = before.before
    const after = before ? before.after : this.head
    lane.before = before
    lane.after = after
    lane.skips = after ? after.skips : this.skipsAtEnd
    if (before) before.after = lane
    else this.head = lane
    if (after) after.before = lane
    else {
      this.tail = lane
      this.skipsAtEnd = false
    }
    this.byRank.set(lane.rank, lane)
    return lane
  }
}
