import type { Mount } from '../mounts/mount.ts'
import type { WalkPart } from './parts.ts'
import type { FailedLook, Lineage } from './resolver.ts'
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

/** As `take()` counts. */
export const weightOf = (unit: WalkUnit): number => (unit.kind === 'part' ? weightOfPart(unit.part) : 1)

export const weightOfPart = (part: WalkPart): number => (part.kind === 'files' ? part.names.length : 1)

/** The unit, written down. */
export function partOfUnit(unit: WalkUnit): WalkPart {
  if (unit.kind === 'part') return unit.part
  if (unit.kind === 'directory' && unit.resume !== undefined)
    return { kind: 'listing', path: unit.path, resume: unit.resume }
  return { kind: 'tree', path: unit.path }
}
