import type { WalkCounters, WalkFailure } from './counters.ts'
import { EntryQueue, type WalkEntry } from './entries.ts'
import { asWalkError, type WalkError } from './errors.ts'
import { hashPath } from './hash.ts'
import type { Mount, Target } from './mount.ts'
import { settingsOf, type WalkOptions } from './options.ts'
import type { TakenPart, WalkPart } from './parts.ts'
import { joinPath } from './paths.ts'

/** A walk under way. Iterate it, or wait for `done`. */
export interface Walk extends AsyncIterable<WalkEntry> {
  /**
   * Settles when nothing is left, or when the reads in flight are over after `stop()`. Rejects with the signal's
   * reason when it aborts, and for nothing else: whatever fails is a failure of its path.
   */
  readonly done: Promise<void>
  /** Live. */
  readonly counters: WalkCounters
  /** Directories, names and ranges that are known and not begun. */
  readonly pending: number
  /** A listing has gone beyond its first page and not come to its end. */
  readonly listing: boolean
  /** Starts nothing more. Reads in flight come to their end, then `done` settles. */
  stop(): void
  /** After `stop()` and `done`: what was not done, each piece exactly once. */
  rest(): WalkPart[]
  /** Hands pending work away while the walk goes on: at most `maxUnits` directories, names and ranges. */
  take(maxUnits: number): TakenPart[]
  /** After `done`: the scopes of handed parts that must be ignored, because `rest()` has what they were found in. */
  voidScopes(): number[]
  /** Failures that stand, since the last call. Empty with `entries: 'all'`, where each is an entry. */
  takeFailures(): WalkFailure[]
}

/**
 * Reads the head of every file below the export's root through each mount.
 * A directory comes before what is in it; nothing else is promised of the order.
 */
export function walk(mounts: readonly Mount[], options: WalkOptions = {}): Walk {
  const settings = settingsOf(options)
  const { signal } = settings
  const counters: WalkCounters = {
    directories: 0,
    files: 0,
    bytes: 0,
    entriesSkipped: 0,
    specialSkipped: 0,
    failures: {},
    mounts: Object.fromEntries(mounts.map(({ name }) => [name, { files: 0, bytes: 0, failures: 0 }])),
    inFlight: 0,
  }
  const failures: WalkFailure[] = []
  const { promise: done, resolve, reject } = Promise.withResolvers<void>()
  done.catch(() => {})
  const directories: string[] = []
  const files: Target[] = []
  let working = 0
  let stopped = false
  const queue = new EntryQueue(settings.concurrency, { onRoom: pump, onReturn: async () => stop() })
  const emit = (entry: WalkEntry): void => {
    if (settings.entries === 'all') queue.push(entry)
  }

  function fail(path: string, error: WalkError, mount?: string): void {
    counters.failures[error.code] = (counters.failures[error.code] ?? 0) + 1
    const counts = mount === undefined ? undefined : counters.mounts[mount]
    if (counts) counts.failures++
    failures.push({ path, mount, code: error.code, message: error.message })
    emit({ kind: 'failed', path, mount, error })
  }

  async function readThrough(mount: Mount, file: Target): Promise<number | undefined> {
    try {
      const { bytes } = await mount.read(file, { offset: 0, length: settings.headBytes, signal })
      const counts = counters.mounts[mount.name]
      if (counts) {
        counts.files++
        counts.bytes += bytes
      }
      return bytes
    } catch (error) {
      fail(file.path, asWalkError(error), mount.name)
      return undefined
    }
  }

  async function readFile(file: Target): Promise<void> {
    const at = hashPath(file.path) % mounts.length
    const order = [...mounts.slice(at), ...mounts.slice(0, at)]
    const [first, ...others] = settings.through === 'each' ? order : order.slice(0, 1)
    if (!first) return
    const bytes = await readThrough(first, file)
    const all = [bytes, ...(await Promise.all(others.map((mount) => readThrough(mount, file))))]
    if (bytes === undefined || all.includes(undefined)) return
    counters.files++
    counters.bytes += bytes
    emit({ kind: 'file', path: file.path, bytes, reads: [first, ...others].map((m, i) => ({ mount: m.name, bytes: all[i] ?? 0 })) })
  }

  async function listDirectory(path: string): Promise<void> {
    const mount = mounts[hashPath(path) % mounts.length]
    if (!mount) return
    try {
      let begun = false
      for await (const page of mount.list({ path }, { attributes: settings.filter.needsAttributes, signal })) {
        if (!begun) emit({ kind: 'directory', path })
        begun = true
        for (const entry of page.entries) {
          const child = joinPath(path, entry.name)
          if (entry.kind === 'directory' && settings.filter.directory(child, entry.name)) directories.push(child)
          else if (entry.kind === 'file' && settings.filter.file(child, entry.name)) files.push({ path: child })
          else if (entry.kind === 'file' || entry.kind === 'directory') counters.entriesSkipped++
          else counters.specialSkipped++
        }
        pump()
      }
      counters.directories++
    } catch (error) {
      fail(path, asWalkError(error))
    }
  }

  function start(work: Promise<void>): void {
    working++
    counters.inFlight++
    void work.then(() => {
      working--
      counters.inFlight--
      pump()
    })
  }

  function pump(): void {
    if (signal.aborted) return
    while (!stopped && working < settings.concurrency && (settings.entries === 'none' || queue.room > working)) {
      const file = files.pop()
      const directory = file ? undefined : directories.pop()
      if (file) start(readFile(file))
      else if (directory !== undefined) start(listDirectory(directory))
      else break
    }
    if (working === 0 && (stopped || files.length + directories.length === 0)) {
      queue.close()
      resolve()
    }
  }

  function stop(): void {
    stopped = true
    pump()
  }

  async function begin(): Promise<void> {
    for (const part of settings.parts) {
      if (part.kind === 'files') for (const name of part.names) files.push({ path: joinPath(part.directory, name) })
      else if (part.kind === 'range') files.push({ path: part.path })
      else {
        try {
          const entry = await mounts[0]?.stat(part.path, { signal })
          if (entry?.kind === 'directory') directories.push(part.path)
          else files.push({ path: part.path })
        } catch (error) {
          fail(part.path, asWalkError(error))
        }
      }
    }
  }

  const abort = (): void => {
    queue.fail(signal.reason)
    reject(signal.reason)
  }
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  start(begin())

  return {
    done,
    counters,
    get pending() {
      return files.length + directories.length
    },
    listing: false,
    stop,
    rest: () => [...files, ...directories.map((path) => ({ path }))].map(({ path }) => ({ kind: 'tree', path })),
    take: () => [],
    voidScopes: () => [],
    takeFailures: () => failures.splice(0),
    [Symbol.asyncIterator]: () => queue,
  }
}
