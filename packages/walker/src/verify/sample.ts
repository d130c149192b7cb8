import { type Attributes, type FileHandle, isNfsError, type NfsExport } from '@cachewarmer/nfs'
import type { SampledFile } from './measure.ts'
import { type ListedPath, type SampleFilter, VerifyError } from './options.ts'

export interface SampleOptions {
  /** Directories or files, absolute within the export. */
  readonly paths: readonly string[]
  readonly listed?: AsyncIterable<readonly ListedPath[]> | undefined
  /** How many files to keep. */
  readonly size: number
  readonly filter: SampleFilter
  /** In [0, 1). */
  readonly random: () => number
  /** Listings in flight. */
  readonly inFlight: number
  /** True from when on there is no more time to list. */
  readonly isLate: () => boolean
  readonly signal: AbortSignal
}

/** A random sample of the files below some paths, and of those that a list names. */
export interface Sample {
  /** In random order. */
  readonly files: readonly SampledFile[]
  /** Files that it was drawn from. */
  readonly population: number
  readonly directories: number
  /** False: time was over before all was listed, and the sample speaks for what was. */
  readonly complete: boolean
  /** Directories that could not be listed or lead back, and entries that could not be looked at; at most 10,000. */
  readonly failures: readonly { readonly path: string; readonly message: string }[]
}

interface Directory {
  readonly path: string
  readonly handle: FileHandle
  readonly attributes: Attributes
  readonly parent: Directory | undefined
}

/** Failures that are kept; a server may make as many as it likes. */
const mostFailures = 10_000

/** Deeper than this no path of a job leads; see `maxPathBytes` of core. */
const mostPathCharacters = 8_192

/**
 * Whether a directory is one of those that it lies in, as with mounts of a server that lead upwards. Told by handle, or by file
 * system, number and time of the last change: subvolumes exported as one file system share the number.
 */
function leadsBack(above: Directory | undefined, handle: FileHandle, attributes: Attributes): boolean {
  for (let at = above; at !== undefined; at = at.parent) {
    if (at.handle === handle) return true
    const { fsid, fileid, changedMs } = at.attributes
    if (fileid !== 0n && fileid === attributes.fileid && fsid === attributes.fsid && changedMs === attributes.changedMs)
      return true
  }
  return false
}

/**
 * Lists everything below the paths, many directories at a time through all the exports, at least one, by turns, and keeps a uniform
 * sample. Memory: the sample and the directories that wait. Symbolic links are not followed. Directories are taken in
 * random order, so that a listing that runs out of time has seen some of everything. Rejects when a path is not there.
 */
export async function sampleExport(exports: readonly NfsExport[], options: SampleOptions): Promise<Sample> {
  const { listed, size, filter, random, inFlight, isLate, signal } = options
  const reservoir = new Reservoir<SampledFile>(size, random)
  const pending: Directory[] = []
  const failures: { path: string; message: string }[] = []
  let directories = 0
  let complete = true

  const offer = (path: string, attributes: Attributes, handle: FileHandle): void => {
    if (filter.size(Number(attributes.size)) && filter.modified(attributes.modifiedMs))
      reservoir.offer(() => ({ path, handle, size: Number(attributes.size) }))
  }

  const list = async (through: NfsExport, directory: Directory): Promise<void> => {
    try {
      for await (const { entries } of through.list(directory.handle, { signal })) {
        if (isLate()) complete = false
        if (!complete) return
        for (const entry of entries) {
          const path = directory.path === '/' ? `/${entry.name}` : `${directory.path}/${entry.name}`
          const known = entry.attributes === undefined || entry.handle === undefined ? undefined : entry
          const type = known?.attributes?.type
          if (type === 'file' && !filter.file(path, entry.name)) continue
          if (type === 'directory' && !filter.directory(path, entry.name)) continue
          try {
            const found = known ?? (await through.lookup(directory.handle, entry.name, { signal }))
            await take(through, path, entry.name, directory, found)
          } catch (error) {
            // One entry that can't be looked at takes no other along.
            fail(path, error)
          }
        }
      }
      directories++
    } catch (error) {
      fail(directory.path, error)
    }
  }

  const fail = (path: string, error: unknown): void => {
    signal.throwIfAborted()
    if (failures.length < mostFailures)
      failures.push({ path, message: error instanceof Error ? error.message : String(error) })
  }

  const take = async (
    through: NfsExport,
    path: string,
    name: string,
    parent: Directory,
    { attributes, handle }: { readonly attributes?: Attributes | undefined; readonly handle?: FileHandle | undefined },
  ): Promise<void> => {
    if (handle === undefined) return
    const known = attributes ?? (await through.getattr(handle, { signal }))
    if (known.type === 'directory' && filter.directory(path, name)) {
      if (leadsBack(parent, handle, known)) fail(path, 'it leads back to a directory that it lies in')
      else if (path.length > mostPathCharacters) fail(path.slice(0, 200), 'its path is too long')
      else pending.push({ path, handle, attributes: known, parent })
    }
    if (known.type === 'file' && filter.file(path, name)) offer(path, known, handle)
  }

  const first = exports[0] as NfsExport
  const paths = [...options.paths]
  for await (const some of listed ?? []) {
    signal.throwIfAborted()
    for (const { path, kind } of some) {
      if (kind === 'tree') paths.push(path)
      else reservoir.offer(() => ({ path }))
    }
  }
  for (const path of paths) {
    const { handle, attributes } = await first.resolve(path, { signal }).catch((error: unknown) => {
      if (!isNfsError(error) || error.code !== 'NOENT') throw error
      throw new VerifyError('NOTHING_TO_READ', `${path} is not in the export: ${error.message}`, { cause: error })
    })
    const known = attributes ?? (await first.getattr(handle, { signal }))
    if (known.type === 'directory') pending.push({ path, handle, attributes: known, parent: undefined })
    else if (known.type === 'file') offer(path, known, handle)
  }

  await new Promise<void>((resolve, reject) => {
    let active = 0
    let turn = 0
    const pump = (): void => {
      if (isLate() && pending.length > 0) {
        complete = false
        pending.length = 0
      }
      while (active < inFlight && pending.length > 0) {
        active++
        const through = exports[turn++ % exports.length] as NfsExport
        list(through, takeRandom(pending, random)).then(
          () => {
            active--
            pump()
          },
          (error: unknown) => reject(error),
        )
      }
      if (active === 0) resolve()
    }
    pump()
  })
  const files = await openAll(first, reservoir.shuffled(), options)
  return { files, population: reservoir.seen, directories, complete, failures }
}

/**
 * Looks up what a list named, so that this is no part of what is measured, and leaves out what is too large, too small or
 * too old. What can't be found is found out when it is read.
 */
async function openAll(
  through: NfsExport,
  files: readonly SampledFile[],
  { filter, inFlight, signal }: SampleOptions,
): Promise<SampledFile[]> {
  const opened: (SampledFile | undefined)[] = [...files]
  const rest = files.entries()
  const lane = async (): Promise<void> => {
    for (const [at, { path, handle }] of rest) {
      if (handle !== undefined) continue
      const found = await through.resolve(path, { signal }).catch(() => undefined)
      signal.throwIfAborted()
      if (found === undefined) continue
      const { size, modifiedMs } = found.attributes ?? (await through.getattr(found.handle, { signal }))
      const counts = filter.size(Number(size)) && filter.modified(modifiedMs)
      opened[at] = counts ? { path, handle: found.handle, size: Number(size) } : undefined
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return opened.filter((file) => file !== undefined)
}

function takeRandom<T>(values: T[], random: () => number): T {
  const at = Math.floor(random() * values.length)
  const value = values[at] as T
  const last = values.pop() as T
  if (at < values.length) values[at] = last
  return value
}

/**
 * A random sample of a stream of unknown length, each value as likely as any other (algorithm R: J. S. Vitter, ACM
 * Transactions on Mathematical Software 11, 1985). `random` gives numbers in [0, 1).
 */
export class Reservoir<T> {
  readonly #values: T[] = []
  readonly #size: number
  readonly #random: () => number
  #seen = 0

  constructor(size: number, random: () => number) {
    this.#size = size
    this.#random = random
  }

  /** How many values came by. */
  get seen(): number {
    return this.#seen
  }

  /** `make` is called only for what is kept. */
  offer(make: () => T): void {
    this.#seen++
    if (this.#values.length < this.#size) {
      this.#values.push(make())
      return
    }
    const at = Math.floor(this.#random() * this.#seen)
    if (at < this.#size) this.#values[at] = make()
  }

  /** What was kept, in random order. */
  shuffled(): T[] {
    const values = [...this.#values]
    for (let last = values.length - 1; last > 0; last--) {
      const at = Math.floor(this.#random() * (last + 1))
      const other = values[at] as T
      values[at] = values[last] as T
      values[last] = other
    }
    return values
  }
}
