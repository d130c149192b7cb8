import type { Identity, Mount } from './mount.ts'

/** A directory as one mount sees it. */
export interface Sight extends Identity {
  /** Mounts of one space agree on who is who; others may number their objects each for itself. */
  readonly space: unknown
}

/** A directory on the way down from the export's root, and those above it. */
export interface Lineage {
  /** Its path without links on the way. */
  readonly real: string
  /** What its parent's listing said of it, and its own. */
  readonly sights: readonly Sight[]
  readonly parent: Lineage | undefined
}

export const sightOf = (mount: Mount | undefined, { id, handle }: Identity): Sight => ({
  space: mount?.handleSpace ?? mount,
  id,
  handle,
})

/** Whether the directory is one of those that it lies in: the same path, number or handle. */
export function leadsBack(lineage: Lineage | undefined, real: string, sight: Sight): boolean {
  for (let at = lineage; at; at = at.parent)
    if (at.real === real || at.sights.some((one) => isSame(one, sight))) return true
  return false
}

const isSame = (one: Sight, other: Sight): boolean =>
  one.space === other.space &&
  ((one.id !== undefined && one.id === other.id) || (isHandle(one.handle) && one.handle === other.handle))

/** An empty handle, as odd servers give it, is nobody's. */
const isHandle = (handle: unknown): boolean => handle !== undefined && handle !== ''
