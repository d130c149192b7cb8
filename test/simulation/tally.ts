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

/** What a map has under a key; made and kept where there is nothing yet. */
export function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
