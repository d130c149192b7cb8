import {
  CoreError,
  isCoreError,
  jobOptions,
  type Problem,
  parseIgnoreRule,
  parseJob,
  preview,
  type ReadJob,
} from '@cachewarmer/core'
import { UsageError } from '../cli/exit-code.ts'
import type { Files } from '../cli/files.ts'
import type { JobSettings } from '../cli/job-options.ts'
import { printable } from '../report/print.ts'
import { type ListedPath, readPaths } from './list.ts'
import { type Manifest, parseManifest } from './manifest/manifest.ts'

type Fields = Readonly<Record<string, unknown>>

/** A job, and the list of paths that goes before it. */
export interface ReadRequest extends ReadJob {
  /** Opened when it is asked for; undefined where there is no list. */
  readonly listed: (() => AsyncIterable<readonly ListedPath[]>) | undefined
}

/**
 * The job that a command line describes. Fields of a file or a manifest come first, options replace them; an unknown key
 * is refused. Without a file, problems name the options.
 */
export async function readJob(settings: JobSettings, files: Files): Promise<ReadRequest> {
  checkTogether(settings)
  const manifest = await readManifest(settings, files)
  const listed = listOf(settings, manifest?.files ?? [], files)
  const given = { ...fieldsOfOptions(settings), ...(await readRules(settings, files)) }
  // The list's real name and size are known once it is sent; until then its being there is what matters.
  const list = listed === undefined ? {} : { ListId: 'a'.repeat(12), ListChunks: 1 }
  const below =
    manifest?.fields ??
    (settings.job === undefined ? {} : await readFields(settings.job, (file) => files.readText(file)))
  const replaced = new Set(Object.keys({ ...given, ...list }).map((key) => key.toLowerCase()))
  const kept = Object.entries(below).filter(([key]) => !replaced.has(key.toLowerCase()))
  const read = (): ReadJob => parseJob({ ...Object.fromEntries(kept), ...given, ...list }, { strict: true })
  const { job, warnings } = settings.job === undefined ? withOptionNames(read) : read()
  if (listed === undefined) return { job, warnings, listed }
  const { list: _, ...rest } = job
  return { job: rest, warnings: [...(manifest?.warnings ?? []), ...warnings], listed }
}

function checkTogether({ job, manifest, filesFrom, rules, ...others }: JobSettings): void {
  if (job !== undefined && manifest !== undefined) throw new UsageError('--manifest: expected without --job')
  if (others.null && filesFrom === undefined) throw new UsageError('--null: expected with --files-from')
  const fromInput = [job, manifest, filesFrom, rules].filter((file) => file === '-')
  if (fromInput.length > 1)
    throw new UsageError('standard input: expected for one of the options alone, not for several')
}

async function readManifest(
  { manifest, export: exportPath }: JobSettings,
  files: Files,
): Promise<Manifest | undefined> {
  if (manifest === undefined) return undefined
  const text = await readNamed('--manifest', manifest, files)
  return parseManifest(text, { name: shown(manifest), exportPath: exportPath ?? '/' })
}

/** The lines that say something; a comment need not travel. */
async function readRules({ rules }: JobSettings, files: Files): Promise<Fields> {
  if (rules === undefined) return {}
  const lines = (await readNamed('--rules', rules, files)).split(/\r?\n/)
  const said = lines.filter((line, at) => {
    try {
      return parseIgnoreRule(line) !== undefined
    } catch (error) {
      if (!isCoreError(error)) throw error
      const [problem] = error.problems
      throw new UsageError(`${shown(rules)}, line ${at + 1}: expected ${problem?.expected}, got ${problem?.value}`)
    }
  })
  return { IgnoreRules: said }
}

/** The paths that `--files-from` names, after these; undefined for none. */
export function listOf(
  { filesFrom, null: nul }: JobSettings,
  first: readonly string[],
  files: Files,
): ReadRequest['listed'] {
  if (filesFrom === undefined && first.length === 0) return undefined
  return async function* () {
    if (first.length > 0) yield first.map((path) => ({ path, kind: 'file' as const }))
    if (filesFrom === undefined) return
    try {
      yield* readPaths(files.readBytes(filesFrom), { name: shown(filesFrom), nul: nul === true })
    } catch (error) {
      if (!isSystemError(error)) throw error
      throw new UsageError(`--files-from ${shown(filesFrom)}: ${error.message}`, { cause: error })
    }
  }
}

const isSystemError = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && 'syscall' in error

const shown = (file: string): string => (file === '-' ? 'standard input' : file)

async function readNamed(option: string, file: string, files: Files): Promise<string> {
  try {
    return await files.readText(file)
  } catch (error) {
    throw new UsageError(`${option} ${shown(file)}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

/** Each option fills the keys of its field: several values of a field with two keys are the first one and the others. */
function fieldsOfOptions(settings: JobSettings): Fields {
  const given = jobOptions.flatMap(({ flags, keys }): [string, unknown][] => {
    const value = settings[settingOf(flags)]
    const [key = '', moreKey] = keys
    if (value === undefined) return []
    if (moreKey === undefined || !Array.isArray(value)) return [[key, value]]
    const [first, ...more] = value as unknown[]
    return first === undefined
      ? []
      : [
          [key, first],
          [moreKey, more],
        ]
  })
  return Object.fromEntries(given)
}

async function readFields(file: string, readText: (file: string) => Promise<string>): Promise<Fields> {
  const name = shown(file)
  let value: unknown
  try {
    value = JSON.parse(await readText(file))
  } catch (error) {
    // A parser's message shows a piece of the text.
    const reason = printable(error instanceof Error ? error.message : String(error))
    throw new UsageError(`--job ${name}: ${reason}`, { cause: error })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw new UsageError(`--job ${name}: expected a JSON object, got ${preview(value)}`)
}

const longFlag = (flags: string): string => flags.split(' ', 1)[0] ?? flags

/** The name that commander gives an option's value: `--job-id` becomes `jobId`. */
const settingOf = (flags: string): string =>
  longFlag(flags)
    .slice(2)
    .replace(/-./g, (dashed) => dashed.slice(1).toUpperCase())

const optionOfField: ReadonlyMap<string, string> = new Map(
  jobOptions.flatMap(({ flags, keys }) => keys.map((key) => [key, longFlag(flags)] as const)),
)

function withOptionNames<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!isCoreError(error)) throw error
    throw new CoreError(error.code, error.problems.map(inOptions), { cause: error })
  }
}

/** `WarmTargetMountAddresses[1]` becomes `--addresses`: which one of them, the value tells. */
function inOptions(problem: Problem): Problem {
  const field = problem.field.replace(/\[\d+\]$/, '')
  return { ...problem, field: optionOfField.get(field) ?? problem.field }
}
