/** Tells when the same thing is about to be done on the same sight again, so that it had no effect. */
export class RepeatGuard {
  #last: { readonly deed: string; readonly sight: string } | undefined

  /** True the second time; the third time is a first one again. */
  isRepeat(deed: unknown, sight: unknown): boolean {
    const now = { deed: JSON.stringify(deed), sight: JSON.stringify(sight) }
    const again = now.deed === this.#last?.deed && now.sight === this.#last.sight
    this.#last = again ? undefined : now
    return again
  }

  /** What is seen has changed meanwhile, or not. */
  saw(sight: unknown): void {
    if (JSON.stringify(sight) !== this.#last?.sight) this.forget()
  }

  forget(): void {
    this.#last = undefined
  }
}
