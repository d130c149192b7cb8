import { CoreError, problem } from '../errors.ts'
import { compileExpression } from './expression.ts'
import { compileGoPattern, compilePathPattern, isPathPattern } from './glob.ts'

/** A line of a rule file as gitignore(5) has it. */
interface IgnoreRule {
  /** The line took back what lines before it left out. */
  readonly keeps: boolean
  readonly directoriesAlone: boolean
  matches(path: string, name: string): boolean
}

/**
 * Reads a line of a rule file: undefined for a blank one and for a comment. What matches is left out; a "!" before it
 * takes that back. Paths are those from the export's root. Matching takes at most the product of both lengths. Throws
 * `PATTERN_INVALID`.
 */
export function parseIgnoreRule(line: string): IgnoreRule | undefined {
  const text = withoutTrailingBlanks(line)
  if (text === '' || text.startsWith('#')) return undefined
  const keeps = text.startsWith('!')
  const given = keeps ? text.slice(1) : text
  const directoriesAlone = given.endsWith('/')
  const pattern = inGo(directoriesAlone ? given.slice(0, -1) : given)
  if (pattern === '') throw invalid(line, 'a pattern')
  try {
    if (!pattern.includes('/')) {
      const matches = compileGoPattern(pattern)
      return { keeps, directoriesAlone, matches: (_path, name) => matches(name) }
    }
    const matches = compilePathPattern(pattern.startsWith('/') ? pattern : `/${pattern}`)
    return { keeps, directoriesAlone, matches: (path) => matches(path) }
  } catch (error) {
    const expected = error instanceof CoreError ? error.problems[0]?.expected : undefined
    throw invalid(line, expected ?? 'a pattern')
  }
}

const invalid = (line: string, expected: string): CoreError =>
  new CoreError('PATTERN_INVALID', [problem('rule', line, expected)])

/** Blanks at the end mean nothing unless a backslash says so. */
function withoutTrailingBlanks(line: string): string {
  let end = line.length
  while (end > 0 && line[end - 1] === ' ' && !isEscaped(line, end - 1)) end--
  return line.slice(0, end)
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text[at - 1 - backslashes] === '\\') backslashes++
  return backslashes % 2 === 1
}

/** "[!a]" is "[^a]" in our patterns; all else is the same. */
const inGo = (pattern: string): string => pattern.replace(/\\.|\[!/gs, (found) => (found === '[!' ? '[^' : found))

/**
 * Compiles the lines of a rule file. The last rule that matches decides, as in gitignore(5); a directory that is left out
 * is never entered, so nothing below it can be taken back. Throws `PATTERN_INVALID`.
 */
export function compileIgnoreRules(
  lines: readonly string[],
): (path: string, name: string, isDirectory: boolean) => boolean {
  const rules = lines
    .map(parseIgnoreRule)
    .filter((rule) => rule !== undefined)
    .toReversed()
  return (path, name, isDirectory) => {
    const decides = rules.find((rule) => (isDirectory || !rule.directoriesAlone) && rule.matches(path, name))
    return decides !== undefined && !decides.keeps
  }
}

/** Regular expressions that choose files, for all directories and for single ones, as priming manifests have them. */
export interface PathRules {
  readonly exportPath: string
  readonly includeExpressions?: readonly string[]
  readonly excludeExpressions?: readonly string[]
  readonly directoryRules?: readonly {
    readonly path: string
    readonly include: readonly string[]
    readonly exclude: readonly string[]
  }[]
}

interface Lists {
  readonly include: readonly Expression[]
  readonly exclude: readonly Expression[]
}

type Expression = (path: string, name: string) => boolean

export interface CompiledPathRules {
  file(path: string, name: string): boolean
  directory(path: string, name: string): boolean
}

/**
 * Compiles the rules of a priming manifest. Of directories that lie in one another the innermost's rules hold. In this
 * order, the first that says something decides: the directory's exclude, its include (which lets no other file in), the
 * exclude for all, the include for all. An expression with a "/" is looked for in the path as clients see it, export
 * included, any other in the name. A directory is left out where an exclude would leave out a file of that name, unless
 * a rule of its own, or of a directory in it, may want something of it. Throws `PATTERN_INVALID`.
 */
export function compilePathRules(rules: PathRules): CompiledPathRules {
  const prefix = rules.exportPath === '/' ? '' : rules.exportPath
  const compile = (expressions: readonly string[] = []): Expression[] =>
    expressions.map((text) => {
      const matches = compileExpression(text)
      return text.includes('/') ? (path) => matches(prefix + path) : (_path, name) => matches(name)
    })
  const everywhere: Lists = { include: compile(rules.includeExpressions), exclude: compile(rules.excludeExpressions) }
  const directories = new Map<string, Lists>()
  const ancestors = new Set<string>()
  for (const { path, include, exclude } of rules.directoryRules ?? []) {
    directories.set(path, { include: compile(include), exclude: compile(exclude) })
    for (let at = path; at !== '/'; at = parentOf(at)) ancestors.add(at)
  }
  const innermost = lastAnswer((directory: string): Lists | undefined => {
    if (directories.size === 0) return undefined
    for (let at = directory; ; at = parentOf(at)) {
      const found = directories.get(at)
      if (found !== undefined || at === '/') return found
    }
  })
  return {
    file(path, name) {
      const own = innermost(parentOf(path))
      if (own !== undefined) {
        if (anyMatches(own.exclude, path, name)) return false
        if (own.include.length > 0) return anyMatches(own.include, path, name)
      }
      if (anyMatches(everywhere.exclude, path, name)) return false
      return everywhere.include.length === 0 || anyMatches(everywhere.include, path, name)
    },
    directory(path, name) {
      if (ancestors.has(path)) return true
      const own = innermost(parentOf(path))
      if (own !== undefined && anyMatches(own.exclude, path, name)) return false
      return (own?.include.length ?? 0) > 0 || !anyMatches(everywhere.exclude, path, name)
    },
  }
}

const anyMatches = (list: readonly Expression[], path: string, name: string): boolean =>
  list.some((one) => one(path, name))

const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')))

/** Files come directory by directory: the last answer is mostly the next. */
function lastAnswer<T>(ask: (question: string) => T): (question: string) => T {
  let last: { readonly question: string; readonly answer: T } | undefined
  return (question) => {
    if (last?.question !== question) last = { question, answer: ask(question) }
    return last.answer
  }
}

/** Directories in which filers show snapshots: the same files once more, often many times. */
export const snapshotDirectories = [
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
export type SnapshotDirectory = (typeof snapshotDirectories)[number]

const snapshots: ReadonlySet<string> = new Set(snapshotDirectories)
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
export const leftOutRules = [
  'excludeDirectories',
  'exclude',
  'include',
  'ignoreRules',
  'expressions',
  'size',
  'modifiedSince',
] as const
export type LeftOutRule = (typeof leftOutRules)[number]

/** An entry that a filter left out, as far as a listing knew it. */
export interface LeftOutEntry {
  readonly path: string
  readonly name: string
  readonly kind: 'file' | 'directory'
  readonly size?: number | undefined
  readonly modifiedMs?: number | undefined
}

/** The part of a job that filters. */
export interface FilterRules extends Partial<PathRules> {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly excludeDirectories: readonly string[]
  readonly ignoreRules?: readonly string[]
  readonly minFileSizeBytes: number
  readonly maxFileSizeBytes: number
  readonly modifiedSince?: string
  readonly readSnapshots?: true
}

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
