import { UsageError } from '@cachewarmer/cli'
import { CoreError, isCoreError, type Problem, parseJob, type ReadJob } from '@cachewarmer/core'
import { fieldOfOption, type JobSettings } from './job-options.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * The job that a command line describes. A file's fields come first, options replace them; an unknown key is refused.
 * Problems are told by the names of the options where no file was given.
 *
 * @param readText gives the text of a file, or of standard input for `-`
 */
export async function readJob(settings: JobSettings, readText: (file: string) => Promise<string>): Promise<ReadJob> {
  const given = fieldsOfOptions(settings)
  if (settings.job === undefined) return withOptionNames(() => parseJob(given, { strict: true }))
  const replaced = new Set(Object.keys(given).map((key) => key.toLowerCase()))
  const fromFile = Object.entries(await readFields(settings.job, readText)).filter(
    ([key]) => !replaced.has(key.toLowerCase()),
  )
  return parseJob({ ...Object.fromEntries(fromFile), ...given }, { strict: true })
}

function fieldsOfOptions(settings: JobSettings): Fields {
  const entries = Object.entries(fieldOfOption)
    .map(([option, field]) => [field, settings[option as keyof typeof fieldOfOption]] as const)
    .filter(([, value]) => value !== undefined)
  const [path, ...morePaths] = settings.path ?? []
  const paths = path === undefined ? {} : { WarmTargetPath: path, WarmTargetPaths: morePaths }
  return { ...Object.fromEntries(entries), ...paths }
}

async function readFields(file: string, readText: (file: string) => Promise<string>): Promise<Fields> {
  const name = file === '-' ? 'standard input' : file
  let value: unknown
  try {
    value = JSON.parse((await readText(file)).replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new UsageError(`--job ${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw new UsageError(`--job ${name}: expected a JSON object, got ${Array.isArray(value) ? 'a list' : String(value)}`)
}

const optionOfField = new Map<string, string>([
  ...Object.entries(fieldOfOption).map(([option, field]) => [field, `--${kebab(option)}`] as const),
  ['WarmTargetPath', '--path'],
  ['WarmTargetPaths', '--path'],
])

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

function kebab(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
