import type { Ledger } from '../ledger/ledger.ts'

/** Which chunks of a list one generation of a run has sent to its workers: in the ledger, and here as one byte each. */
export class MovedChunks {
  readonly generation: number
  readonly #ledger: Ledger
  readonly #run: string
  readonly #moved: Uint8Array
  #left: number

  constructor(ledger: Ledger, run: string, generation: number, chunks: number) {
    this.#ledger = ledger
    this.#run = run
    this.generation = generation
    this.#moved = new Uint8Array(chunks)
    this.#left = chunks
    this.#mark(ledger.movedChunks(run, generation))
  }

  /** How many have not been sent. */
  get left(): number {
    return this.#left
  }

  has(chunk: number): boolean {
    return this.#moved[chunk] === 1
  }

  /** Nothing is remembered where the ledger can't keep it. */
  add(chunks: readonly number[]): void {
    this.#ledger.noteMoved(this.#run, this.generation, chunks)
    this.#mark(chunks)
  }

  #mark(chunks: readonly number[]): void {
    for (const chunk of chunks) {
      if (this.has(chunk)) continue
      this.#moved[chunk] = 1
      this.#left -= 1
    }
  }
}
