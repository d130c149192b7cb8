/** The directories on the way down from the export's root, each by its identity, the innermost first. */
export interface Lineage {
  readonly id: string
  readonly parent: Lineage | undefined
}

export function isWithin(lineage: Lineage | undefined, id: string): boolean {
  for (let at = lineage; at; at = at.parent) if (at.id === id) return true
  return false
}
