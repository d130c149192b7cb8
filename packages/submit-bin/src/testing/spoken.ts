/** What a program printed, and what it ended with. */
export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A program that runs. */
export interface Running {
  readonly finished: Promise<Finished>
  /** Resolves once standard error holds this text; rejects when the program ends without. */
  said(text: string): Promise<void>
}

/** Gathers what is written to standard output and error. */
export class Spoken {
  readonly #listeners = new Set<() => void>()
  stdout = ''
  stderr = ''

  write(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text
    for (const listener of this.#listeners) listener()
  }

  running(ended: Promise<number | null>): Running {
    const finished = ended.then((code) => ({ code, stdout: this.stdout, stderr: this.stderr }))
    return { finished, said: (text) => this.#said(text, finished) }
  }

  #said(text: string, finished: Promise<Finished>): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.stderr.includes(text)) resolve()
      }
      this.#listeners.add(look)
      look()
      const end = (): void => reject(new Error(`ended without ${JSON.stringify(text)}: ${this.stderr}`))
      void finished.then(end, end)
    })
  }
}
