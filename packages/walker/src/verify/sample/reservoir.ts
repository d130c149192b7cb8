/**
 * A random sample of a stream of unknown length, each value as likely as any other (algorithm R: J. S. Vitter, ACM
 * Transactions on Mathematical Software 11, 1985). `random` gives numbers in [0, 1).
 */
export class Reservoir<T> {
  readonly #values: T[] = []
  readonly #size: number
  readonly #random: () => number
  #seen = 0

  constructor(size: number, random: () => number) {
    this.#size = size
    this.#random = random
  }

  /** How many values came by. */
  get seen(): number {
    return this.#seen
  }

  /** `make` is called only for what is kept. */
  offer(make: () => T): void {
    this.#seen++
    if (this.#values.length < this.#size) {
      this.#values.push(make())
      return
    }
    const at = Math.floor(this.#random() * this.#seen)
    if (at < this.#size) this.#values[at] = make()
  }

  /** What was kept, in random order. */
  shuffled(): T[] {
    const values = [...this.#values]
    for (let last = values.length - 1; last > 0; last--) {
      const at = Math.floor(this.#random() * (last + 1))
      const other = values[at] as T
      values[at] = values[last] as T
      values[last] = other
    }
    return values
  }
}
