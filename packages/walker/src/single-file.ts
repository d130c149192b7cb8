import type { WalkPart } from './parts.ts'
import { partOf, type ReadSource, type ReadUnit } from './read-unit.ts'

/** A file that did not come from a listing of its directory: a part of its own, or what a link leads to. */
export class SingleFile implements ReadSource {
  #unit: ReadUnit | undefined
  readonly tally: ReadUnit['tally']

  constructor(unit: ReadUnit) {
    this.#unit = unit
    this.tally = unit.tally
  }

  get pending(): number {
    return this.#unit ? 1 : 0
  }

  next(): ReadUnit | undefined {
    const unit = this.#unit
    this.#unit = undefined
    return unit
  }

  give(max: number): { part: WalkPart; units: number }[] {
    const unit = max > 0 ? this.next() : undefined
    return unit ? [{ part: partOf(unit), units: 1 }] : []
  }
}
