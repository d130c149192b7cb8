/** Buffers that reads fill and nobody looks at, used again and again. */
export class BufferPool {
  readonly #bytes: number
  readonly #keep: number
  readonly #free: Buffer[] = []

  constructor(options: { readonly bytes: number; readonly keep: number }) {
    this.#bytes = options.bytes
    this.#keep = options.keep
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bytes)
  }

  give(buffer: Buffer): void {
    if (this.#free.length < this.#keep) this.#free.push(buffer)
  }
}
