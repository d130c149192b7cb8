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
