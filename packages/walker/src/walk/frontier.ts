import type { Mount } from '../mounts/mount.ts'
import type { WalkPart } from './parts.ts'
import type { FailedLook, Lineage } from './resolver.ts'
import type { ReadSource, ReadUnit } from './sources.ts'
import type { Tally } from './tallies.ts'

/** What takes a listing, or at least a look, before anything can be read. */
export type WalkUnit = DirectoryUnit | LinkUnit | EntryUnit | PartUnit

export interface DirectoryUnit {
  readonly kind: 'directory'
  /** Under which it is found and reported. */
  readonly path: string
  /** The same without links on the way. */
  readonly real: string
  readonly id?: string | undefined
  readonly handle?: unknown
  /** Whose handle that is. */
  readonly from?: Mount | undefined
  /** The directories that it lies in, as far as they are known. */
  readonly lineage?: Lineage | undefined
  readonly resume?: string | undefined
  readonly tally: Tally
}

/** A symbolic link that may lead to something to read. */
export interface LinkUnit {
  readonly kind: 'link'
  readonly path: string
  readonly real: string
  readonly lineage?: Lineage | undefined
  readonly tally: Tally
}

/** An entry that one mount could not look at. */
export interface EntryUnit {
  readonly kind: 'entry'
  readonly path: string
  readonly real: string
  readonly lineage?: Lineage | undefined
  readonly failed: FailedLook
  readonly tally: Tally
}

/** A part as it was given, not yet looked at. */
export interface PartUnit {
  readonly kind: 'part'
  readonly part: WalkPart
  readonly tally: Tally
}

/** A part for another walk, and the tally that it stands or falls with. */
export interface Given {
  readonly part: WalkPart
  readonly tally: Tally
}

/** Sources searched for one that no read is in flight of. */
const mostBusy = 64

/** Everything that is known and not begun. Last in, first out: the deepest first, so that little is held. */
export class Frontier {
  private readonly sources: ReadSource[] = []
  private readonly units: WalkUnit[] = []
  private readCount = 0
  private walkCount = 0

  /** Files and ranges to read. */
  get reads(): number {
    return this.readCount
  }

  /** Directories, links and parts to look into. */
  get walks(): number {
    return this.walkCount
  }

  get pending(): number {
    return this.readCount + this.walkCount
  }

  addSource(source: ReadSource): void {
    if (source.pending === 0) return
    this.readCount += source.pending
    this.sources.push(source)
  }

  addUnit(unit: WalkUnit): void {
    this.walkCount += weightOf(unit)
    this.units.push(unit)
  }

  /** A large file has one chunk in flight while other files wait: a vast one would otherwise hold them up for years. */
  nextRead(): ReadUnit | undefined {
    while (this.sources.length > 0) {
      const at = this.nextSource()
      const source = this.sources[at] as ReadSource
      const before = source.pending
      const unit = source.next()
      this.readCount += source.pending - before
      if (source.pending === 0) this.sources.splice(at, 1)
      if (unit) return unit
    }
    return undefined
  }

  /** The last source that is not busy, else the last. */
  private nextSource(): number {
    const last = this.sources.length - 1
    for (let at = last; at >= Math.max(0, last - mostBusy); at--) if (!this.sources[at]?.isBusy) return at
    return last
  }

  nextWalk(): WalkUnit | undefined {
    const unit = this.units.pop()
    if (unit) this.walkCount -= weightOf(unit)
    return unit
  }

  /** Gives away at most `max` units: first what has waited longest, which lies nearest to the root. */
  give(max: number): Given[] {
    const given: Given[] = []
    let left = max
    let whole = 0
    for (const unit of this.units) {
      const weight = weightOf(unit)
      if (weight > left) break
      given.push({ part: partOfUnit(unit), tally: unit.tally })
      left -= weight
      this.walkCount -= weight
      whole++
    }
    this.units.splice(0, whole)
    for (const source of this.sources) {
      if (left <= 0) break
      for (const { part, units } of source.give(left)) {
        given.push({ part, tally: source.tally })
        left -= units
        this.readCount -= units
      }
    }
    this.keepSources((source) => source.pending > 0)
    return given
  }

  /** Forgets what is left of a source. */
  drop(source: ReadSource): void {
    this.keepSources((other) => other !== source)
  }

  /** Forgets what fails the test. */
  keep(test: (tally: Tally) => boolean): void {
    this.keepSources((source) => test(source.tally))
    const units = this.units.filter((unit) => test(unit.tally))
    this.units.splice(0, Infinity, ...units)
    this.walkCount = units.reduce((sum, unit) => sum + weightOf(unit), 0)
  }

  private keepSources(test: (source: ReadSource) => boolean): void {
    const kept = this.sources.filter(test)
    this.sources.length = 0
    this.sources.push(...kept)
    this.readCount = kept.reduce((sum, source) => sum + source.pending, 0)
  }
}

const weightOf = (unit: WalkUnit): number =>
  unit.kind === 'part' && unit.part.kind === 'files' ? unit.part.names.length : 1

/** The unit, written down. */
export function partOfUnit(unit: WalkUnit): WalkPart {
  if (unit.kind === 'part') return unit.part
  if (unit.kind === 'directory' && unit.resume !== undefined)
    return { kind: 'listing', path: unit.path, resume: unit.resume }
  return { kind: 'tree', path: unit.path }
}
