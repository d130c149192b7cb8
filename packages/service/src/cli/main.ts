import { writeFileSync } from 'node:fs'
import { type CoreError, isCoreError } from '@cachewarmer/core'
import { isQueueError, type QueueError } from '@cachewarmer/queue'
import { exitCode, isUnavailableError, isUsageError, UsageError } from './exit-code.ts'

/**
 * Keeps the memory of this process, and of those that it starts, out of core files: what has our secrets in its
 * environment leaves none of them on a disk, under any limit and any place for cores.
 * Linux alone has such a switch; who wants the memory of one process in its core writes 33 to
 * `/proc/<pid>/coredump_filter` while it runs.
 */
export function keepMemoryOutOfCores(filter = '/proc/self/coredump_filter'): void {
  try {
    writeFileSync(filter, '0')
  } catch {
    // No such switch here, or none that we may use: the limit of core files is all there is.
  }
}

/**
 * Runs a binary's main function and turns what it throws into a message and an exit code: 2 for bad input, 3 where
 * a queue can't be reached or refuses (or a disk is full), 1 for the rest. Stack traces are for our own mistakes alone.
 * Before anything else the memory of the process is kept out of core files.
 */
export async function runMain(program: string, main: () => Promise<number>): Promise<void> {
  keepMemoryOutOfCores()
  // Who reads our output may leave early (`| head`); that is no fault to report.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(process.exitCode ?? exitCode.ok)
  })
  try {
    process.exitCode = await main()
  } catch (error) {
    const { message, code } = explain(error)
    if (message !== '') process.stderr.write(`${program}: ${message}\n`)
    if (code === exitCode.usage) process.stderr.write(`Try '${program} --help' for every option.\n`)
    process.exitCode = code
  }
}

/** What to say of an error, and what to exit with. An empty message: all has been said. */
export function explain(error: unknown): { message: string; code: number } {
  if (isUsageError(error)) return { message: error.message, code: exitCode.usage }
  if (isUnavailableError(error)) return { message: error.message, code: exitCode.unavailable }
  if (isCoreError(error)) return { message: listProblems(error), code: exitCode.usage }
  if (isQueueError(error)) return { message: error.message, code: queueExitCode(error) }
  if (isCommanderError(error)) return { message: '', code: error.exitCode === 0 ? exitCode.ok : exitCode.usage }
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error), code: exitCode.failed }
}

function listProblems({ message, problems }: CoreError): string {
  if (problems.length < 2) return message
  const lines = problems.map(({ field, value, expected }) => `\n  ${field}: expected ${expected}, got ${value}`)
  return `${problems.length} problems${lines.join('')}`
}

/** What the caller can put right by typing something else, and what is up to the service. */
function queueExitCode({ code }: QueueError): number {
  return code === 'OPTION_INVALID' || code === 'NAME_INVALID' ? exitCode.usage : exitCode.unavailable
}

/** Commander has written its message, or the help that was asked for, before it throws (`exitOverride`). */
function isCommanderError(error: unknown): error is Error & { readonly exitCode: number } {
  return error instanceof Error && 'exitCode' in error && 'code' in error && String(error.code).startsWith('commander.')
}

/** From the original's name (no dash) to today's long option; `null` for one that is accepted and ignored. */
export type LegacyFlags = Readonly<Record<string, string | null>>

/**
 * Accepts the original's command lines: Go's flag package takes `-name value`, `-name=value` and `--name value`.
 * Each known camel-case name becomes the option it is called today, everything else passes untouched, and so does all
 * that follows `--`. Throws `UsageError` for a flag without its value and for a switch that is neither true nor false.
 */
export function translateLegacyFlags(argv: readonly string[], table: LegacyFlags): string[] {
  const translated: string[] = []
  const rest = [...argv]
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === '--') return [...translated, argument, ...rest]
    const [, name = '', attached] = /^--?([A-Za-z][A-Za-z0-9]*)(?:=(.*))?$/s.exec(argument) ?? []
    const option = Object.hasOwn(table, name) ? table[name] : undefined
    if (option === undefined) {
      translated.push(argument)
      continue
    }
    const isSwitch = legacySwitches.has(name)
    const value = attached ?? (isSwitch ? 'true' : rest.shift())
    if (value === undefined) throw new UsageError(`-${name}: expected a value after it`)
    // One argument, so that a value that begins with a dash can't be taken for an option.
    const current = isSwitch ? option : `${option}=${value}`
    if (option !== null && current !== null && (!isSwitch || parseBool(name, value))) translated.push(current)
  }
  return translated
}

/** The original's flags that take no value unless written `-flag=value`. */
const legacySwitches: ReadonlySet<string> = new Set(['enableDebugging', 'blockUntilWarm'])

/** The spellings of Go's strconv.ParseBool. */
function parseBool(name: string, value: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false
  throw new UsageError(`-${name}: expected true or false, got ${JSON.stringify(value)}`)
}
