const most = 10

/** What people should know, newest last. The same thing twice in a row is said once. */
export class Notes {
  #all: readonly string[] = []

  add(note: string): void {
    if (this.#all.at(-1) === note) return
    // What was said before comes to the end instead of twice, so that ten notes are ten things.
    this.#all = [...this.#all.filter((other) => other !== note), note].slice(-most)
  }

  get all(): readonly string[] {
    return this.#all
  }
}
