const kept = 1024

/** The latest 1024 of a row of figures, of which one wants to know how they are spread. */
export class Samples {
  readonly #ring = new Float64Array(kept)
  #added = 0

  get any(): boolean {
    return this.#added > 0
  }

  add(value: number): void {
    this.#ring[this.#added++ % kept] = value
  }

  /** The value that this share of all lies below or at, for each share; NaN where there is none. */
  quantiles(...shares: readonly number[]): number[] {
    const sorted = this.#ring.slice(0, Math.min(this.#added, kept)).sort()
    return shares.map((share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN)
  }

  clear(): void {
    this.#added = 0
  }
}
