import { Worker } from 'node:worker_threads'

/**
 * What became of one file: bytes read, the file's size where that many were asked for, and how long it took; the code of what failed; or
 * that the lane is not the way to read it now.
 */
export type LaneOutcome =
  | { readonly bytes: number; readonly size: number | undefined; readonly tookMs: number }
  | { readonly code: string }
  | 'elsewhere'

/**
 * A file that takes the lane longer than this waits for something far away. Where a quarter of a batch does, threads in
 * number serve better; fewer are only the machine's other work getting in between.
 */
const slowMs = 0.3
const slowShare = 0.25
/** The lane never stands still for longer than this on a batch, but for the one call that it is in. */
const patienceMs = 20
/** An answer that takes longer than this means that the thread hangs in a call. */
const hungMs = 250
/** How long a slow lane is left alone before it is tried again with a few files. */
const retryMs = 5_000
const fewest = 4
const most = 128

interface Waiting {
  readonly file: LaneFile
  readonly resolve: (outcome: LaneOutcome) => void
}

/**
 * A thread of its own that opens, reads and closes files one after the other. Handing each system call to libuv's pool
 * costs several times what the call does when the file is at hand (measured: 35 to 75 us a file against 7), so files that
 * are at hand go through here, in batches; as soon as they are not, the answer is to read elsewhere.
 */
export class ReadLane implements AsyncDisposable {
  readonly #flags: number
  readonly #bufferBytes: number
  readonly #now: () => number
  #thread: Worker | undefined
  #waiting: Waiting[] = []
  /** Asked of the thread; empty again when its answer came, or is no longer waited for. */
  #underway: Waiting[] = []
  /** The thread owes an answer. */
  #owes = false
  #sentAtMs = 0
  #batch = fewest
  #slowUntilMs = Number.NEGATIVE_INFINITY
  #flushing = false

  constructor(options: { readonly flags: number; readonly bufferBytes: number; readonly now: () => number }) {
    this.#flags = options.flags
    this.#bufferBytes = options.bufferBytes
    this.#now = options.now
  }

  /** Whether files had better go through here now. */
  get open(): boolean {
    const now = this.#now()
    if (now < this.#slowUntilMs) return false
    if (this.#owes && now - this.#sentAtMs >= hungMs) this.#slow(now)
    return now >= this.#slowUntilMs && this.#waiting.length < most
  }

  /** Reads the beginning of a regular file, up to the size of the buffer. Never rejects. */
  read(file: LaneFile): Promise<LaneOutcome> {
    return new Promise((resolve) => {
      this.#waiting.push({ file, resolve })
      if (this.#flushing) return
      this.#flushing = true
      // Everything that one turn of the event loop asks for goes in one message.
      setImmediate(() => {
        this.#flushing = false
        this.#flush()
      })
    })
  }

  /** Ends the thread; what it has not answered is to be read elsewhere. */
  async close(): Promise<void> {
    this.#slowUntilMs = Number.POSITIVE_INFINITY
    const thread = this.#thread
    this.#thread = undefined
    this.#sendElsewhere()
    await thread?.terminate()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #flush(): void {
    if (this.#owes || this.#waiting.length === 0) return
    this.#underway = this.#waiting.splice(0, this.#batch)
    this.#owes = true
    this.#sentAtMs = this.#now()
    const batch: LaneBatch = {
      files: this.#underway.map(({ file }) => file),
      flags: this.#flags,
      bufferBytes: this.#bufferBytes,
      patienceMs,
      slowMs,
    }
    const thread = this.#start()
    thread.ref()
    thread.postMessage(batch)
  }

  #start(): Worker {
    if (this.#thread) return this.#thread
    const thread = new Worker(`(${laneThread.toString()})()`, { eval: true, name: 'read-lane' })
    thread.on('message', (reply: LaneReply) => this.#answer(reply))
    thread.on('error', () => void this.close())
    // An idle lane keeps no program alive. Behind the listeners, as those take hold of the event loop again.
    thread.unref()
    this.#thread = thread
    return thread
  }

  #answer({ bytes, sizes, codes, tookMs, tried, slow }: LaneReply): void {
    const answered = this.#underway
    this.#underway = []
    this.#owes = false
    this.#thread?.unref()
    for (const [at, { resolve }] of answered.entries()) {
      const outcome = bytes[at] ?? undone
      const size = sizes[at]
      if (outcome === undone) resolve('elsewhere')
      else if (outcome <= firstFailure) resolve({ code: codes[firstFailure - outcome] ?? 'UNKNOWN' })
      else resolve({ bytes: outcome, size: Number.isNaN(size) ? undefined : size, tookMs: tookMs[at] ?? 0 })
    }
    if (answered.length > 0 && slow <= Math.max(1, tried * slowShare)) this.#batch = Math.min(most, this.#batch * 2)
    else this.#slow(this.#now())
    this.#flush()
  }

  #slow(nowMs: number): void {
    this.#slowUntilMs = nowMs + retryMs
    this.#batch = fewest
    this.#sendElsewhere()
  }

  #sendElsewhere(): void {
    const left = [...this.#underway, ...this.#waiting]
    this.#underway = []
    this.#waiting = []
    for (const { resolve } of left) resolve('elsewhere')
  }
}

/** A message to the lane's thread: files to read from their beginning, each into the same buffer. */
interface LaneBatch {
  readonly files: readonly LaneFile[]
  readonly flags: number
  readonly bufferBytes: number
  /** After this long the thread stops and leaves the rest undone. */
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
  /** A read that brings less has reached the end: the size need not be asked for. */
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

const undone = -1
const firstFailure = -2

/**
 * The thread's whole program. It is started from its own text, so that it works the same from source, as a package and
 * in a single-file bundle; hence it uses nothing from outside itself.
 */
function laneThread(): void {
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
