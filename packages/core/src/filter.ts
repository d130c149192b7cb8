import { compileGoPattern } from './glob-go.ts'
import { compilePathPattern, isPathPattern } from './glob-path.ts'
import { compileIgnoreRules } from './ignore-rules.ts'
import type { Job } from './job-fields.ts'
import { compilePathRules, type PathRules } from './path-rules.ts'

/** Directories in which filers show snapshots: the same files once more, often many times. */
export const SNAPSHOT_DIRECTORIES = [
  /** NetApp ONTAP, Dell PowerScale (Isilon) and Data Domain, Qumulo, VAST, Pure FlashBlade, Hitachi HNAS, InfiniBox. */
  '.snapshot',
  /** What ONTAP and HNAS call it for SMB. */
  '~snapshot',
  /** The latest one of HNAS. */
  '~latest',
  /** IBM Storage Scale (GPFS), WEKA, Azure Files; snapper on Btrfs. */
  '.snapshots',
  /** CephFS; UFS of FreeBSD. */
  '.snap',
  /** Dell Unity and VNX. */
  '.ckpt',
  /** ZFS. */
  '.zfs',
  /** Synology. */
  '#snapshot',
  /** QNAP. */
  '@Recently-Snapshot',
] as const
export type SnapshotDirectory = (typeof SNAPSHOT_DIRECTORIES)[number]

const snapshots: ReadonlySet<string> = new Set(SNAPSHOT_DIRECTORIES)
const isSnapshots = (name: string): name is SnapshotDirectory => snapshots.has(name)

/** Says what a walk takes. Every method is pure, and a path is absolute within the export. */
export interface Filter {
  /** By name and path alone, before anything is asked of the filer. */
  file(path: string, name: string): boolean
  size(bytes: number): boolean
  /** By the time of the last change of the content, in milliseconds since 1970. */
  modified(ms: number): boolean
  /** True when `size` or `modified` can say no, so that the walk has to know them. */
  readonly needsAttributes: boolean
  /** False: neither listed nor entered. Never asked for the directories that the job itself names. */
  directory(path: string, name: string): boolean
  /**
   * The rule that left an entry out, of a directory of snapshots its name; the time of the last change only where nothing
   * else did.
   */
  leftOutBy(entry: LeftOutEntry): LeftOutRule | SnapshotDirectory
}

/** What leaves entries out, by the job's fields; `expressions`: regular expressions and rules of single directories. */
export const LEFT_OUT_RULES = [
  'excludeDirectories',
  'exclude',
  'include',
  'ignoreRules',
  'expressions',
  'size',
  'modifiedSince',
] as const
export type LeftOutRule = (typeof LEFT_OUT_RULES)[number]

/** An entry that a filter left out, as far as a listing knew it. */
export interface LeftOutEntry {
  readonly path: string
  readonly name: string
  readonly kind: 'file' | 'directory'
  readonly size?: number | undefined
  readonly modifiedMs?: number | undefined
}

/** The part of a job that filters. */
export type FilterRules = Pick<
  Job,
  | 'include'
  | 'exclude'
  | 'excludeDirectories'
  | 'minFileSizeBytes'
  | 'maxFileSizeBytes'
  | 'modifiedSince'
  | 'ignoreRules'
  | 'readSnapshots'
> &
  Partial<PathRules>

type Match = (path: string, name: string) => boolean

/**
 * A pattern with '/' or '**' is matched against the path, every other against the name. Throws `PATTERN_INVALID`.
 */
export function compilePattern(pattern: string): Match {
  if (isPathPattern(pattern)) {
    const matches = compilePathPattern(pattern)
    return (path) => matches(path)
  }
  const matches = compileGoPattern(pattern)
  return (_path, name) => matches(name)
}

/** As `compilePattern`, for directories: a '/' at the end says the same once more and is dropped. */
export const compileDirectoryPattern = (pattern: string): Match =>
  compilePattern(pattern.length > 1 && pattern.endsWith('/') ? pattern.slice(0, -1) : pattern)

/**
 * Compiles the filters of a job. A file is taken when no exclude pattern matches it and, unless there is none, an include
 * pattern does; its size and its time must be within the limits as well. Throws `PATTERN_INVALID`.
 */
export function compileFilter(rules: FilterRules): Filter {
  const include = anyOf(rules.include.map(compilePattern))
  const exclude = anyOf(rules.exclude.map(compilePattern))
  const pruned = anyOf(rules.excludeDirectories.map(compileDirectoryPattern))
  const ignored = compileIgnoreRules(rules.ignoreRules ?? [])
  const byPath = compilePathRules({ ...rules, exportPath: rules.exportPath ?? '/' })
  const isSkipped = (name: string): name is SnapshotDirectory => rules.readSnapshots !== true && isSnapshots(name)
  const all = rules.include.length === 0
  const max = rules.maxFileSizeBytes === 0 ? Number.POSITIVE_INFINITY : rules.maxFileSizeBytes
  const since = rules.modifiedSince === undefined ? Number.NEGATIVE_INFINITY : Date.parse(rules.modifiedSince)
  const isOfSize = (bytes: number): boolean => rules.minFileSizeBytes <= bytes && bytes <= max
  return Object.freeze({
    file: (path, name) =>
      !exclude(path, name) && (all || include(path, name)) && !ignored(path, name, false) && byPath.file(path, name),
    size: isOfSize,
    modified: (ms) => ms >= since,
    needsAttributes: rules.minFileSizeBytes > 0 || rules.maxFileSizeBytes > 0 || rules.modifiedSince !== undefined,
    directory: (path, name) =>
      !isSkipped(name) && !pruned(path, name) && !ignored(path, name, true) && byPath.directory(path, name),
    leftOutBy: ({ path, name, kind, size }) => {
      if (kind === 'directory') {
        if (isSkipped(name)) return name
        if (pruned(path, name)) return 'excludeDirectories'
        return ignored(path, name, true) ? 'ignoreRules' : 'expressions'
      }
      if (exclude(path, name)) return 'exclude'
      if (!all && !include(path, name)) return 'include'
      if (ignored(path, name, false)) return 'ignoreRules'
      if (!byPath.file(path, name)) return 'expressions'
      return size === undefined || isOfSize(size) ? 'modifiedSince' : 'size'
    },
  } satisfies Filter)
}

const anyOf =
  (matchers: readonly Match[]): Match =>
  (path, name) =>
    matchers.some((matches) => matches(path, name))
