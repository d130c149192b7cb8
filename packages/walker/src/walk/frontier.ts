import type { Entry } from '../mounts/mount.ts'
import { type Lane, Lanes } from './lanes.ts'
import type { WalkPart } from './parts.ts'
import type { FileBatch, ReadSource, ReadUnit } from './sources.ts'
import { byRank, type Tallies, type Tally } from './tallies.ts'
import { type Given, partOfUnit, type WalkUnit, weightOf, weightOfPart } from './units.ts'

/** Parts of one priority that were not looked at yet, in the order given. */
interface Waiting {
  readonly priority: number
  readonly parts: WalkPart[]
  /** Those before it are looked at. */
  at: number
}

/**
 * Everything that is known and not begun. With `inOrder` each part has a lane of its own: listings run ahead over them, and
 * files begin in those of the first part that is not over and of the one right after it. Else all parts of one priority share a lane.
 */
export class Frontier {
  private readonly tallies: Pick<Tallies, 'root' | 'ofPart'>
  private readonly inOrder: boolean
  private readonly lanes = new Lanes()
  /** The highest priority first. */
  private readonly waiting: Waiting[] = []
  /** Lanes with units, the first first: never more than were looked into at a time. */
  private walkable: Lane[] = []
  private readonly shared = new Map<number, Tally>()
  private looked = 0
  private readCount = 0
  private walkCount = 0
  private waitingCount = 0

  constructor(tallies: Pick<Tallies, 'root' | 'ofPart'>, { inOrder }: { readonly inOrder: boolean }) {
    this.tallies = tallies
    this.inOrder = inOrder
    this.shared.set(0, tallies.root)
  }

  /** What takes memory of the walk's own: all that is pending but the caller's parts that were not looked at. */
  get held(): number {
    return this.readCount + this.walkCount
  }

  get pending(): number {
    return this.held + this.waitingCount
  }

  /** The first part has nothing to begin until a listing of it continues. */
  get isDry(): boolean {
    return this.lanes.first?.isDry === true
  }

  isFirst({ rank }: Tally): boolean {
    return this.lanes.first?.rank === rank
  }

  /** Those of the same priority begin in the order given, and after those that came before. */
  addParts(parts: readonly WalkPart[], priority: number): void {
    if (parts.length === 0) return
    if (!this.inOrder) {
      const tally = this.shared.get(priority) ?? this.tallies.ofPart({ priority, at: 0 })
      this.shared.set(priority, tally)
      for (const part of parts.toReversed()) this.addUnit({ kind: 'part', part, tally })
      return
    }
    let at = this.waiting.findIndex((other) => other.priority <= priority)
    if (at < 0) at = this.waiting.length
    if (this.waiting[at]?.priority !== priority) this.waiting.splice(at, 0, { priority, parts: [], at: 0 })
    for (const part of parts) {
      this.waiting[at]?.parts.push(part)
      this.waitingCount += weightOfPart(part)
    }
  }

  addSource(source: ReadSource): void {
    if (source.pending === 0) return
    const lane = this.lanes.of(source.tally.rank)
    this.count(lane, source.pending)
    lane.sources.push(source)
  }

  /** More files for a batch, which may be begun or empty. */
  append(batch: FileBatch, files: readonly Entry[]): void {
    const isHeld = batch.pending > 0
    batch.append(files)
    if (isHeld) this.count(this.lanes.of(batch.tally.rank), files.length)
    else this.addSource(batch)
  }

  addUnit(unit: WalkUnit): void {
    this.walkCount += weightOf(unit)
    const lane = this.lanes.of(unit.tally.rank)
    if (lane.units.push(unit) > 1) return
    const behind = this.walkable.findIndex((other) => byRank(other.rank, lane.rank) > 0)
    this.walkable.splice(behind < 0 ? this.walkable.length : behind, 0, lane)
  }

  /** A large file has one chunk in flight while other files wait: a vast one would otherwise hold them up for years. */
  nextRead(): ReadUnit | undefined {
    for (;;) {
      const lane = this.laneToRead()
      if (lane === undefined || lane.sources.length === 0) return undefined
      const at = lane.nextSource()
      const source = lane.sources[at] as ReadSource
      const before = source.pending
      const unit = source.next()
      this.count(lane, source.pending - before)
      if (source.pending === 0) {
        lane.sources.splice(at, 1)
        this.lanes.removeIfOver(lane)
      }
      if (unit) return unit
    }
  }

  /**
   * The next unit to look into; `walked` has to hear of its end. Listings run ahead over the parts in their order, so that
   * names are at hand when a part's turn comes. While as much is held as may be, they do so in those parts alone whose files
   * may begin now, and only where these have fewer than `enough` of them: all else that they found would stay.
   */
  nextWalk(isFull: boolean, enough: number): WalkUnit | undefined {
    // Asked at the end of every file.
    if (this.walkable.length === 0 && this.waiting.length === 0) return undefined
    const lane = isFull ? this.laneInNeed(enough) : this.walkable[0]
    const [next] = this.waiting
    const before = isFull ? this.lanes.first : lane
    if (next && (before === undefined || next.priority > before.rank.priority)) return this.look(next)
    const unit = lane?.units.pop()
    if (lane === undefined || unit === undefined) return undefined
    this.walkCount -= weightOf(unit)
    if (lane.units.length === 0) this.walkable.splice(this.walkable.indexOf(lane), 1)
    lane.out++
    return unit
  }

  /** The unit was looked into. */
  walked({ tally }: WalkUnit): void {
    const lane = this.lanes.get(tally.rank)
    if (lane === undefined) return
    lane.out--
    this.lanes.removeIfOver(lane)
  }

  /** Gives away at most `max` units: of the part that would begin last first, and there what has waited longest. */
  give(max: number): Given[] {
    const given: Given[] = []
    let left = max
    for (const group of this.waiting.toReversed()) {
      for (let part = group.parts.at(-1); part && group.parts.length > group.at; part = group.parts.at(-1)) {
        const weight = weightOfPart(part)
        if (weight > left) return given
        group.parts.pop()
        this.waitingCount -= weight
        left -= weight
        given.push({ part, tally: this.tallies.root })
      }
      this.waiting.pop()
    }
    for (const lane of this.lanes.backwards()) left = this.giveOf(lane, left, given)
    this.walkable = this.walkable.filter(({ units }) => units.length > 0)
    return given
  }

  /** Gives away everything; what is of one part stays in its place among the others. */
  rest(): Given[] {
    const given: Given[] = []
    for (let [next] = this.waiting; next; [next] = this.waiting) {
      const { part, tally } = this.take(next)
      given.push({ part, tally })
    }
    return [...given, ...this.give(Number.POSITIVE_INFINITY)]
  }

  /** Forgets what is left of a source. */
  drop(source: ReadSource): void {
    const lane = this.lanes.get(source.tally.rank)
    if (lane) this.keepSources(lane, (other) => other !== source)
  }

  /** Forgets what fails the test. */
  keep(test: (tally: Tally) => boolean): void {
    for (const lane of this.lanes.forwards()) {
      lane.keepUnits((unit) => test(unit.tally))
      this.keepSources(lane, (source) => test(source.tally))
    }
    this.walkable = this.walkable.filter(({ units }) => units.length > 0)
    this.walkCount = 0
    for (const lane of this.walkable) for (const unit of lane.units) this.walkCount += weightOf(unit)
  }

  /** Looks at the part that is to begin next. */
  private look(group: Waiting): WalkUnit {
    const unit = this.take(group)
    this.lanes.of(unit.tally.rank).out++
    return unit
  }

  private take(group: Waiting): WalkUnit & { readonly kind: 'part' } {
    const part = group.parts[group.at++] as WalkPart
    this.waitingCount -= weightOfPart(part)
    if (group.at === group.parts.length) this.waiting.splice(this.waiting.indexOf(group), 1)
    return { kind: 'part', part, tally: this.tallies.ofPart({ priority: group.priority, at: ++this.looked }) }
  }

  /** Called for every file: nearly always it is the first lane, and its last source. */
  private laneToRead(): Lane | undefined {
    const { first } = this.lanes
    if (first === undefined) return undefined
    const last = first.sources.at(-1)
    if (last !== undefined && !last.isBusy) return first
    if (first.hasIdleSource) return first
    const { second } = this.lanes
    return second?.hasIdleSource || first.sources.length === 0 ? second : first
  }

  private laneInNeed(enough: number): Lane | undefined {
    const { first, second } = this.lanes
    if (first === undefined || first.reads >= enough) return undefined
    if (first.units.length > 0) return first
    return second !== undefined && first.reads + second.reads < enough ? second : undefined
  }

  private giveOf(lane: Lane, max: number, given: Given[]): number {
    let left = max
    let whole = 0
    for (const unit of lane.units) {
      const weight = weightOf(unit)
      if (weight > left) break
      given.push({ part: partOfUnit(unit), tally: unit.tally })
      left -= weight
      this.walkCount -= weight
      whole++
    }
    lane.units.splice(0, whole)
    for (const source of lane.sources) {
      if (left <= 0) break
      for (const { part, units } of source.give(left)) {
        given.push({ part, tally: source.tally })
        left -= units
        this.count(lane, -units)
      }
    }
    this.keepSources(lane, (source) => source.pending > 0)
    return left
  }

  private keepSources(lane: Lane, test: (source: ReadSource) => boolean): void {
    const { reads } = lane
    lane.keepSources(test)
    this.readCount += lane.reads - reads
    this.lanes.removeIfOver(lane)
  }

  private count(lane: Lane, reads: number): void {
    lane.reads += reads
    this.readCount += reads
  }
}
