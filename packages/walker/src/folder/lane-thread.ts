/** What the lane's thread is told: files to read from their beginning, each into the same buffer. */
export interface LaneBatch {
  readonly files: readonly LaneFile[]
  readonly flags: number
  readonly bufferBytes: number
  /** After so long the thread stops and leaves the rest undone. */
  readonly patienceMs: number
  /** A file that takes longer than this was waited for. */
  readonly slowMs: number
}

export interface LaneFile {
  readonly path: string
  /** A listing said that it is a regular file; else the thread looks before it opens anything. */
  readonly known: boolean
  /** Bytes from the beginning, at most the buffer's size. */
  readonly length: number
  /** A read that brings less has reached the end, and nobody need ask for the size. */
  readonly shortReadsEnd: boolean
}

/** A number each for every file of the batch, in its order. */
export interface LaneReply {
  /** Bytes read; -1 where the thread did not get to the file; below that a failure: -2 minus its index in `codes`. */
  readonly bytes: Float64Array
  /** The file's size, where it was asked for: where all came that was wanted, or a short read need not be the end. Else NaN. */
  readonly sizes: Float64Array
  readonly codes: readonly string[]
  /** How long the file took, from before it was opened until after it was closed, in milliseconds. */
  readonly tookMs: Float64Array
  /** Files that the thread looked at, and how many of them took longer than `slowMs`. */
  readonly tried: number
  readonly slow: number
}

export const undone = -1
export const firstFailure = -2

/**
 * The thread's whole program. It is started from its own text, so that it works the same from source, as a package and
 * in a single-file bundle; hence it uses nothing from outside itself.
 */
export function laneThread(): void {
  const { closeSync, fstatSync, lstatSync, openSync, readSync } = process.getBuiltinModule('node:fs')
  const { parentPort } = process.getBuiltinModule('node:worker_threads')
  let buffer = Buffer.allocUnsafeSlow(0)
  parentPort?.on('message', ({ files, flags, bufferBytes, patienceMs, slowMs }: LaneBatch) => {
    if (buffer.length !== bufferBytes) buffer = Buffer.allocUnsafeSlow(bufferBytes)
    const bytes = new Float64Array(files.length).fill(-1)
    const sizes = new Float64Array(files.length).fill(Number.NaN)
    const tookMs = new Float64Array(files.length)
    const codes: string[] = []
    const startedAtMs = performance.now()
    let beforeMs = startedAtMs
    let tried = 0
    let slow = 0
    for (let at = 0; at < files.length && beforeMs - startedAtMs <= patienceMs; at++) {
      const { path, known, length, shortReadsEnd } = files[at] as LaneFile
      try {
        if (!known && !lstatSync(path).isFile()) throw Object.assign(new Error('not a file'), { code: 'NOT_A_FILE' })
        const fd = openSync(path, flags)
        try {
          const wanted = Math.min(length, bufferBytes)
          const got = readSync(fd, buffer, 0, wanted, 0)
          if (got === wanted || !shortReadsEnd) sizes[at] = fstatSync(fd).size
          bytes[at] = got
        } finally {
          closeSync(fd)
        }
      } catch (error) {
        bytes[at] = -2 - codes.length
        codes.push((error as NodeJS.ErrnoException).code ?? 'UNKNOWN')
      }
      const nowMs = performance.now()
      tookMs[at] = nowMs - beforeMs
      if (nowMs - beforeMs > slowMs) slow++
      beforeMs = nowMs
      tried++
    }
    const reply: LaneReply = { bytes, sizes, codes, tookMs, tried, slow }
    parentPort.postMessage(reply)
  })
}
