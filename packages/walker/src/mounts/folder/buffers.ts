/** Bytes that a read begins with, which stay within a core's own cache. */
export const smallBytes: number = 256 * 1024
/** Bytes of a block of a large file that is read past the page cache: each block waits for the server once. */
export const largeBytes: number = 4 * 1024 * 1024

/** Bytes in buffers, in use or kept, of all folders of a process. */
const mostBytes = 256 * 1024 * 1024
/** Of them in large ones: what is left keeps small files moving while large ones are read. */
const mostLargeBytes = 192 * 1024 * 1024
/** Buffers of each size that are kept for the next read. */
const mostKept = 64

/** Buffers whose bytes are dropped, used again and again. Never more than `mostBytes` of them. */
export class Buffers {
  readonly #most: number
  readonly #mostLarge: number
  readonly #small: Buffer[] = []
  readonly #large: Buffer[] = []
  readonly #waiting: ((buffer: Buffer) => void)[] = []
  #bytes = 0
  #bytesInLarge = 0

  constructor(options: { readonly most?: number; readonly mostLarge?: number } = {}) {
    this.#most = options.most ?? mostBytes
    this.#mostLarge = options.mostLarge ?? mostLargeBytes
  }

  /** Bytes that its buffers have, in use or kept. */
  get bytes(): number {
    return this.#bytes
  }

  /** A buffer of `smallBytes`: at once, or when a read gives one back. */
  take(use: (buffer: Buffer) => void): void {
    const buffer = this.#small.pop() ?? this.#make(smallBytes)
    if (buffer === undefined) this.#waiting.push(use)
    else use(buffer)
  }

  /** A buffer of `largeBytes`; undefined where there is no room for one more. Never waits: who asks holds a small one. */
  takeLarge(): Buffer | undefined {
    return this.#large.pop() ?? this.#make(largeBytes)
  }

  give(buffer: Buffer): void {
    const isLarge = buffer.length === largeBytes
    if (!isLarge && this.#waiting.length > 0) {
      this.#waiting.shift()?.(buffer)
      return
    }
    const kept = isLarge ? this.#large : this.#small
    if (kept.length < mostKept) kept.push(buffer)
    else this.#drop(buffer)
    this.#serve()
  }

  /** Those who wait take what has become free. */
  #serve(): void {
    while (this.#waiting.length > 0) {
      const buffer = this.#make(smallBytes)
      if (buffer === undefined) return
      this.#waiting.shift()?.(buffer)
    }
  }

  #make(bytes: number): Buffer | undefined {
    const isLarge = bytes === largeBytes
    if (isLarge && this.#bytesInLarge + bytes > this.#mostLarge) return undefined
    while (this.#bytes + bytes > this.#most) {
      // Kept for the next read of another size.
      const idle = (isLarge ? this.#small : this.#large).pop()
      if (idle === undefined) return undefined
      this.#drop(idle)
    }
    this.#bytes += bytes
    if (isLarge) this.#bytesInLarge += bytes
    return Buffer.allocUnsafeSlow(bytes)
  }

  #drop(buffer: Buffer): void {
    this.#bytes -= buffer.length
    if (buffer.length === largeBytes) this.#bytesInLarge -= buffer.length
  }
}

/** Of this process: folders share them, as they share its memory. */
export const processBuffers: Buffers = new Buffers()
