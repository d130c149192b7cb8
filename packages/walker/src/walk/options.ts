import { type Clock, systemClock } from '@cachewarmer/nfs'
import { WalkError } from '../errors.ts'
import type { Limiter } from '../limits/limiter.ts'
import type { Mount } from '../mounts/mount.ts'
import { checkName, checkPath, show } from '../paths.ts'
import type { WalkObserver } from './observer.ts'
import type { WalkPart } from './parts.ts'

/** Decides by name before anything is asked of the filer, then by what the listing told. `true` keeps. */
export interface WalkFilter {
  file(path: string, name: string): boolean
  size(bytes: number): boolean
  modified(ms: number): boolean
  /** Sizes and times matter: listings ask for them even where each costs a call. */
  readonly needsAttributes: boolean
  /** `false` prunes the directory with all below it. */
  directory(path: string, name: string): boolean
  /** Names the rule that left an entry out, for `counters.leftOut`; asked only after one did. Default: `filter`. */
  leftOutBy?(entry: LeftOutEntry): string
}

/** An entry that a filter left out, as far as the listing knew it. */
export interface LeftOutEntry {
  readonly path: string
  readonly name: string
  readonly kind: 'file' | 'directory'
  readonly size?: number | undefined
  readonly modifiedMs?: number | undefined
}

/** How parts are added to a walk that runs. */
export interface AddOptions {
  /** The higher, the earlier. Default 0. */
  readonly priority?: number | undefined
}

export interface WalkOptions {
  /** What to walk. Default: the whole export. */
  readonly parts?: readonly WalkPart[] | undefined
  /**
   * `given`: the parts begin in their order. Listings run ahead; no file of a part begins before the last one of the part but
   * one before it has begun. `any`: all that is found begins, the deepest first, so that no file waits for a listing elsewhere.
   * Default `given`.
   */
  readonly order?: 'given' | 'any' | undefined
  /** Bytes of every file that are read, from its beginning. Default 65,536; Infinity reads whole files, 0 none. */
  readonly headBytes?: number | undefined
  /**
   * `false`, as `headBytes: 0`, reads nothing of any file: listings and attributes alone. A file then counts when it was found
   * with its size through every mount it would be read through, and `counters.sizes` says how large the files are. Its `bytes`
   * are those that reading it would bring: its size, or `headBytes` where that is given. For `each` to hold for listings,
   * `listThrough` has to say so as well. Default true.
   */
  readonly read?: boolean | undefined
  /**
   * Sizes and times are asked for of every file, so that each entry has them. Default: only where the filter needs them, or
   * nothing is read; other entries have what their listing told anyway, which over NFS is all.
   */
  readonly attributes?: boolean | undefined
  /**
   * Files of a directory begin by name, in the order of UTF-16 code units, and so do directories in it; where nothing is read and
   * `listings` is 1, that sorts all entries of a tree. A directory is then held whole while it is listed; one with more than
   * 1,000,000 names is a failure, `TOO_LARGE`. Default false.
   */
  readonly sorted?: boolean | undefined
  /** Notes this many of the small files that it finds, and a quarter as many large ones, in `walk.sampled`. Default 0. */
  readonly sampleFiles?: number | undefined
  /** `each` reads every file through every mount, `spread` through the one that its path's hash names. Default `each`. */
  readonly through?: 'each' | 'spread' | undefined
  /** Directories are listed through one mount (default), or through each, for caches that keep listings apart. */
  readonly listThrough?: 'one' | 'each' | undefined
  /** Default: `defaultFilter`, everything but directories of snapshots such as `.snapshot`. */
  readonly filter?: WalkFilter | undefined
  /** Which symbolic links are followed, within the export. Default `none`. */
  readonly symlinks?: 'none' | 'files' | 'all' | undefined
  /** Reads in flight in all. Default 64. */
  readonly concurrency?: number | undefined
  /** Listings in flight in all. Default 16; where the mounts allow more, as many as directories are small. */
  readonly listings?: number | undefined
  /** A longer file is read in chunks of this many bytes, in parallel and by turns through the mounts. Default 64 MiB. */
  readonly chunkBytes?: number | undefined
  /** A longer file can be handed away in ranges of this many bytes. Default 1 GiB. */
  readonly rangeBytes?: number | undefined
  /** Names and directories held before listings pause. Default 10,000. */
  readonly maxPending?: number | undefined
  /** `none`: there is no iteration, only counters and failures are of interest. Default `all`: entries for one caller who iterates. */
  readonly entries?: 'all' | 'none' | undefined
  /** Limits per mount. Default: the mount's own `limiter`; else `concurrency` or its `maxInFlight`, whichever is smaller. */
  readonly limiterFor?: ((mount: Mount) => Limiter) | undefined
  /**
   * How long a file waits for a mount that does not answer, counted from when it stopped to; then it is a failure of that
   * mount. Nothing fails while no mount answers at all. Default 30,000; 0 does not wait. Needs mounts with `health`.
   */
  readonly graceMs?: number | undefined
  /** Hears how the walk goes. */
  readonly observer?: WalkObserver | undefined
  /** Between two calls of the observer's `progressed`. Default 1,000. */
  readonly progressMs?: number | undefined
  /** Measures `graceMs` and `progressMs`. Default the system's. */
  readonly clock?: Clock | undefined
  /** Ends the walk at once with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

type Absent = 'limiterFor' | 'listings' | 'observer'

/** Options with every default filled in and every value checked. */
export type Settings = Pick<WalkOptions, Absent> & {
  readonly [Name in Exclude<keyof WalkOptions, Absent>]-?: NonNullable<WalkOptions[Name]>
}

/** Where filers show snapshots, as `@cachewarmer/core` has them for jobs. */
const snapshots = new Set([
  '.snapshot',
  '~snapshot',
  '~latest',
  '.snapshots',
  '.snap',
  '.ckpt',
  '.zfs',
  '#snapshot',
  '@Recently-Snapshot',
])

/** What a walk skips by default: the filers' views of their own past. */
export const defaultFilter: WalkFilter = {
  needsAttributes: false,
  file: () => true,
  size: () => true,
  modified: () => true,
  directory: (_path, name) => !snapshots.has(name),
  leftOutBy: ({ name }) => name,
}

const defaults = {
  parts: [{ kind: 'tree', path: '/' }],
  order: 'given',
  headBytes: 65_536,
  read: true,
  attributes: false,
  sorted: false,
  sampleFiles: 0,
  through: 'each',
  listThrough: 'one',
  filter: defaultFilter,
  symlinks: 'none',
  concurrency: 64,
  chunkBytes: 64 * 1024 * 1024,
  rangeBytes: 1024 * 1024 * 1024,
  maxPending: 10_000,
  entries: 'all',
  graceMs: 30_000,
  progressMs: 1_000,
  clock: systemClock,
} satisfies WalkOptions

/** Fills in the defaults; throws `OPTION_INVALID` for the first value that can't be meant. */
export function settingsOf(options: WalkOptions): Settings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const settings: Settings = { ...defaults, signal: new AbortController().signal, ...given, ...readOf(options) }
  checkParts(settings.parts)
  for (const field of ['concurrency', 'maxPending', 'chunkBytes', 'rangeBytes'] as const)
    checkCount(field, settings[field], 1)
  if (settings.listings !== undefined) checkCount('listings', settings.listings, 1)
  checkCount('graceMs', settings.graceMs, 0)
  checkCount('progressMs', settings.progressMs, 1)
  checkCount('sampleFiles', settings.sampleFiles, 0)
  if (settings.headBytes !== Infinity) checkCount('headBytes', settings.headBytes, 1)
  checkChoice('order', settings.order, ['given', 'any'])
  checkChoice('through', settings.through, ['each', 'spread'])
  checkChoice('listThrough', settings.listThrough, ['one', 'each'])
  checkChoice('symlinks', settings.symlinks, ['none', 'files', 'all'])
  checkChoice('entries', settings.entries, ['all', 'none'])
  return settings
}

/** Nothing is read where either option says so; what files would bring is then their sizes, unless there is a head to count. */
function readOf({ read, headBytes }: WalkOptions): Pick<Settings, 'read' | 'headBytes'> {
  if (read === false || (read === undefined && headBytes === 0))
    return { read: false, headBytes: headBytes || Infinity }
  return { read: true, headBytes: headBytes ?? defaults.headBytes }
}

export const checkParts = (parts: readonly WalkPart[]): void => parts.forEach(checkPart)

export function checkPriority(priority: number): void {
  if (!Number.isFinite(priority)) throw invalid('priority', priority, 'a number; the higher, the earlier')
}

function checkPart(part: WalkPart, at: number): void {
  const field = `parts[${at}]`
  switch (part.kind) {
    case 'tree':
      checkPath(`${field}.path`, part.path)
      break
    case 'listing':
      checkPath(`${field}.path`, part.path)
      if (typeof part.resume !== 'string')
        throw invalid(`${field}.resume`, part.resume, 'what a page of the listing gave')
      break
    case 'files':
      checkPath(`${field}.directory`, part.directory)
      for (const name of part.names) checkName(`${field}.names`, name)
      break
    case 'range':
      checkPath(`${field}.path`, part.path)
      checkCount(`${field}.offset`, part.offset, 0)
      checkCount(`${field}.ordinal`, part.ordinal, 0)
      if (part.length !== undefined) checkCount(`${field}.length`, part.length, 1)
      break
    default:
      checkChoice(`${field}.kind`, (part as { kind: unknown }).kind, ['tree', 'listing', 'files', 'range'])
  }
}

function checkCount(field: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) throw invalid(field, value, `a whole number of at least ${least}`)
}

function checkChoice(field: string, value: unknown, choices: readonly string[]): void {
  if (choices.includes(value as string)) return
  throw invalid(field, value, choices.map((choice) => `"${choice}"`).join(' or '))
}

const invalid = (field: string, value: unknown, expected: string): WalkError =>
  new WalkError('OPTION_INVALID', `${field} is ${show(value)}, expected ${expected}`)
