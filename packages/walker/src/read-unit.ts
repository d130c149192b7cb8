import type { LargeFile } from './large-file.ts'
import type { Mount } from './mount.ts'
import type { WalkPart } from './parts.ts'
import { nameOf, parentOf } from './paths.ts'
import type { Tally } from './tallies.ts'

/** What is read in one go, through each of its mounts: a small file, the beginning of one, or a chunk of a large one. */
export interface ReadUnit {
  /** Under which it is found and reported. */
  readonly path: string
  /** The same without links on the way. */
  readonly real: string
  /** Bytes, where the listing told. */
  readonly size?: number | undefined
  readonly handle?: unknown
  /** Whose handle that is. */
  readonly from?: Mount | undefined
  readonly tally: Tally
  /** How it is written down when it is not done here: by name in its directory, or as a path to look at first. */
  readonly as: 'name' | 'tree'
  readonly chunk?: Chunk | undefined
}

/** A piece of a large file. */
export interface Chunk {
  readonly file: LargeFile
  readonly offset: number
  /** Infinity: to the end of the file, wherever it is by then. */
  readonly length: number
  /** Turns the choice of the first mount. */
  readonly ordinal: number
}

/** Where units come from, one at a time. */
export interface ReadSource {
  readonly tally: Tally
  /** Units, as `take()` counts them, that are not begun. */
  readonly pending: number
  /** A large file of which chunks are in flight: other sources come first. Default false. */
  readonly isBusy?: boolean
  next(): ReadUnit | undefined
  /** Gives up at most `max` units from its far end. */
  give(max: number): { readonly part: WalkPart; readonly units: number }[]
}

export const partOf = ({ path, as }: ReadUnit): WalkPart =>
  as === 'tree' ? { kind: 'tree', path } : { kind: 'files', directory: parentOf(path), names: [nameOf(path)] }
