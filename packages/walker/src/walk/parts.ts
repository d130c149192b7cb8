/** A piece of a tree to walk, small enough to be written down and walked elsewhere. */
export type WalkPart = TreePart | ListingPart | FilesPart | RangePart

/** A path and everything below it. The path may be a file. */
export interface TreePart {
  readonly kind: 'tree'
  readonly path: string
}

/** What is left of a directory from a place in its listing on. It counts the directory when the listing ends. */
export interface ListingPart {
  readonly kind: 'listing'
  readonly path: string
  readonly resume: string
}

/** Files of one directory by name. Filters have let them pass already and are not asked again, unless they are `listed`. */
export interface FilesPart {
  readonly kind: 'files'
  readonly directory: string
  readonly names: readonly string[]
  /** Named by a list: nothing is known of them. Filters by size and time hold for them, those by name do not. */
  readonly listed?: true | undefined
}

/** Bytes of one file. The range at offset 0 counts the file; the others count bytes alone. `headBytes` does not cut it. */
export interface RangePart {
  readonly kind: 'range'
  readonly path: string
  readonly offset: number
  /** Bytes; absent: to the end of the file, wherever it is by then. */
  readonly length?: number | undefined
  /** Turns the choice of the first mount, so that ranges of one file start at different mounts. */
  readonly ordinal: number
}

/** Work that `take()` handed away. */
export interface TakenPart {
  readonly part: WalkPart
  /**
   * Set while the part hangs on a listing that may yet be rolled back. It stands once the walk has settled and
   * `voidScopes()` does not name the scope; the part must not be counted before.
   */
  readonly scope?: number | undefined
}

/** The same parts, with the names of each directory together. */
export function joinFiles(parts: readonly WalkPart[]): WalkPart[] {
  const byDirectory = new Map<string, string[]>()
  const joined: WalkPart[] = []
  for (const part of parts) {
    const known = part.kind === 'files' && !part.listed ? byDirectory.get(part.directory) : undefined
    if (part.kind !== 'files' || part.listed) joined.push(part)
    else if (known) for (const name of part.names) known.push(name)
    else {
      const names = [...part.names]
      byDirectory.set(part.directory, names)
      joined.push({ kind: 'files', directory: part.directory, names })
    }
  }
  return joined
}
