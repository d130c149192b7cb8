import { checkPath, compileExpression, isCoreError, normalisePath, preview } from '@cachewarmer/core'
import { UsageError } from '../../cli/index.ts'
import { type JsonValue, readJson } from './read-json.ts'

/** Printable ASCII alone: what a terminal would obey, or not show, is written as an escape. */
const printable = (text: string): string =>
  text.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** A priming manifest, as fields of a job message and paths to warm first. */
export interface Manifest {
  readonly fields: Readonly<Record<string, unknown>>
  /** In the manifest's order; no rule holds for them. */
  readonly files: readonly string[]
  readonly warnings: readonly string[]
}

export interface ManifestOptions {
  /** What the manifest is called in messages. */
  readonly name: string
  /** The export of the job. Paths of a manifest begin at the root of the namespace that clients see, this is part of them. */
  readonly exportPath: string
}

interface Directory {
  readonly path: string
  readonly include: string[]
  readonly exclude: string[]
}

const modes: Readonly<Record<string, string>> = { 0: 'data', 1: 'metadata', 2: 'estimate' }
const mostProblems = 10

/**
 * Reads a priming manifest of Azure HPC Cache (Microsoft, "Pre-load files in Azure HPC Cache"): `config`, `files`,
 * `directories`, `include`, `exclude`. Throws `UsageError` that names line, rule and value of everything that is wrong.
 */
export function parseManifest(text: string, { name, exportPath }: ManifestOptions): Manifest {
  const problems: string[] = []
  const refuse = (value: JsonValue, where: string, expected: string): void =>
    // An expectation may quote what it is about.
    void problems.push(
      `${name}, line ${value.line}: ${where}: expected ${printable(expected)}, got ${preview(value.plain)}`,
    )
  const reader = new ManifestReader(refuse, exportPath)
  const manifest = reader.read(readJson(text, name))
  if (problems.length === 0) return manifest
  const more = problems.length - mostProblems
  throw new UsageError([...problems.slice(0, mostProblems), ...(more > 0 ? [`and ${more} more`] : [])].join('\n'))
}

class ManifestReader {
  readonly #refuse: (value: JsonValue, where: string, expected: string) => void
  readonly #exportPath: string
  readonly #warnings: string[] = []

  constructor(refuse: (value: JsonValue, where: string, expected: string) => void, exportPath: string) {
    this.#refuse = refuse
    this.#exportPath = normalisePath(exportPath)
  }

  read(root: JsonValue): Manifest {
    const keys = this.#object(root, 'the manifest', ['config', 'files', 'directories', 'include', 'exclude'])
    const files = this.#paths(keys.get('files'), 'files', (value, where) => this.#path(value, where))
    const directories = this.#paths(keys.get('directories'), 'directories', (value, at) => this.#directory(value, at))
    if (files.length + directories.length === 0) this.#refuse(root, 'the manifest', 'files or directories')
    const [path, ...morePaths] = directories.map((directory) => directory.path)
    const fields = {
      ...this.#config(keys.get('config')),
      ...(path === undefined ? {} : { WarmTargetPath: path, WarmTargetPaths: morePaths }),
      IncludeExpressions: this.#expressions(keys.get('include'), 'include'),
      ExcludeExpressions: this.#expressions(keys.get('exclude'), 'exclude'),
      DirectoryRules: rulesOf(directories).map(({ path: Path, include: Include, exclude: Exclude }) => ({
        Path,
        Include,
        Exclude,
      })),
    }
    return { fields, files: files.map((file) => file.path), warnings: this.#warnings }
  }

  #config(config: JsonValue | undefined): Record<string, unknown> {
    if (config === undefined) return {}
    const known = ['cache_mode', 'maxreadsize', 'resolve_symlink', 'threads', 'skip_estimation']
    const keys = this.#object(config, 'config', known)
    const mode = this.#whole(keys.get('cache_mode'), 'config.cache_mode', 2)
    const head = this.#whole(keys.get('maxreadsize'), 'config.maxreadsize', Number.MAX_SAFE_INTEGER)
    const links = this.#whole(keys.get('resolve_symlink'), 'config.resolve_symlink', 1)
    for (const key of ['threads', 'skip_estimation'])
      if (keys.has(key)) this.#warnings.push(`config.${key}: is of no use here and is passed over`)
    return {
      Mode: modes[mode],
      ...(head === 0 ? {} : { HeadBytes: head }),
      ...(links === 0 ? {} : { Symlinks: 'all' }),
    }
  }

  /** Numbers may be written as texts, and switches as true and false. 0 where it is absent. */
  #whole(value: JsonValue | undefined, where: string, max: number): number {
    if (value === undefined) return 0
    const { plain } = value
    const number = typeof plain === 'string' && /^\d+$/.test(plain) ? Number(plain) : plain
    const asNumber = typeof number === 'boolean' && max === 1 ? Number(number) : number
    if (typeof asNumber === 'number' && Number.isSafeInteger(asNumber) && asNumber >= 0 && asNumber <= max)
      return asNumber
    this.#refuse(value, where, max <= 2 ? `a whole number from 0 to ${max}` : 'a whole number, 0 or more')
    return 0
  }

  #directory(value: JsonValue, where: string): Directory | undefined {
    const keys = this.#object(value, where, ['path', 'include', 'exclude'])
    const path = keys.get('path')
    if (path === undefined) {
      this.#refuse(value, `${where}.path`, 'a path')
      return undefined
    }
    const include = this.#expressions(keys.get('include'), `${where}.include`)
    const exclude = this.#expressions(keys.get('exclude'), `${where}.exclude`)
    const known = this.#path(path, `${where}.path`)
    return known === undefined ? undefined : { path: known.path, include, exclude }
  }

  /** Paths as they lie within the export. */
  #path(value: JsonValue, where: string): { readonly path: string } | undefined {
    const { plain } = value
    if (typeof plain !== 'string' || !plain.startsWith('/')) {
      this.#refuse(value, where, 'a path that begins with "/"')
      return undefined
    }
    const path = normalisePath(plain)
    const expected = checkPath(path)
    const within = this.#withinExport(path)
    if (expected !== undefined) this.#refuse(value, where, expected)
    else if (within === undefined)
      this.#refuse(value, where, `a path below the export ${this.#exportPath}, as clients see it`)
    else return { path: within }
    return undefined
  }

  #withinExport(path: string): string | undefined {
    if (this.#exportPath === '/') return path
    if (path === this.#exportPath) return '/'
    return path.startsWith(`${this.#exportPath}/`) ? path.slice(this.#exportPath.length) : undefined
  }

  /** A list of things with a path each, none of them twice. */
  #paths<T extends { readonly path: string }>(
    list: JsonValue | undefined,
    where: string,
    read: (value: JsonValue, where: string) => T | undefined,
  ): T[] {
    const found: T[] = []
    const seen = new Set<string>()
    for (const [at, value] of this.#list(list, where).entries()) {
      const one = read(value, `${where}[${at}]`)
      if (one === undefined) continue
      if (seen.has(one.path)) this.#refuse(value, `${where}[${at}]`, 'no path twice')
      seen.add(one.path)
      found.push(one)
    }
    return found
  }

  #expressions(list: JsonValue | undefined, where: string): string[] {
    const values = list !== undefined && typeof list.plain === 'string' ? [list] : this.#list(list, where)
    return values.flatMap((value, at) => {
      const rule = value === list ? where : `${where}[${at}]`
      if (typeof value.plain !== 'string' || value.plain === '') {
        this.#refuse(value, rule, 'a regular expression')
        return []
      }
      try {
        compileExpression(value.plain)
        return [value.plain]
      } catch (error) {
        if (!isCoreError(error)) throw error
        this.#refuse(value, rule, error.problems[0]?.expected ?? 'a regular expression')
        return []
      }
    })
  }

  #list(value: JsonValue | undefined, where: string): readonly JsonValue[] {
    if (value === undefined) return []
    if (value.items === undefined) this.#refuse(value, where, 'a list')
    return value.items ?? []
  }

  #object(value: JsonValue, where: string, known: readonly string[]): ReadonlyMap<string, JsonValue> {
    const found = new Map<string, JsonValue>()
    if (value.keys === undefined) this.#refuse(value, where, 'an object')
    for (const [key, inner] of value.keys ?? []) {
      const shown = /^\w{1,80}$/.test(key) ? key : preview(key)
      const name = where === 'the manifest' ? shown : `${where}.${shown}`
      if (!known.includes(key)) this.#refuse(inner, name, `one of ${known.join(', ')}`)
      else if (found.has(key)) this.#refuse(inner, name, 'it to be there once')
      found.set(key, inner)
    }
    return found
  }
}

/** Directories that have rules, and those without that lie in one: its rules do not hold for them. */
function rulesOf(directories: readonly Directory[]): Directory[] {
  const isRuled = ({ include, exclude }: Directory): boolean => include.length + exclude.length > 0
  const isInside = ({ path }: Directory): boolean =>
    directories.some(
      (other) => isRuled(other) && path !== other.path && path.startsWith(other.path === '/' ? '/' : `${other.path}/`),
    )
  return directories.filter((directory) => isRuled(directory) || isInside(directory))
}
