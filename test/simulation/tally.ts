/** How often each thing happened. */
export class Tally {
  readonly counts: Record<string, number> = {}

  count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by
  }

  most(what: string, value: number): void {
    this.counts[what] = Math.max(this.counts[what] ?? 0, value)
  }
}

/** A map's value for a key; made and kept if there is none yet. */
export function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
