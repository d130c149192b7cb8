/** Something that goes wrong with requests before Azure looks at what they want. */
export interface Fault {
  readonly method?: string
  readonly path?: RegExp
  /** `reset` ends the connection without an answer, `hang` never answers. */
  readonly answer: 'reset' | 'hang' | { readonly status: number; readonly code: string; readonly message?: string }
  readonly headers?: Readonly<Record<string, string>>
  /** How many requests it meets. Default 1. */
  readonly times?: number
}

/** Faults in the order they were asked for; each is used up. */
export class Faults {
  readonly #waiting: { readonly fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 })
  }

  clear(): void {
    this.#waiting.length = 0
  }

  take(method: string, path: string): Fault | undefined {
    const found = this.#waiting.find(
      ({ fault, left }) => left > 0 && (fault.method ?? method) === method && (fault.path?.test(path) ?? true),
    )
    if (found) found.left -= 1
    return found?.fault
  }
}
