import { type CoreError, isCoreError } from '@cachewarmer/core'
import { isQueueError, type QueueError } from '@cachewarmer/queue'
import { keepMemoryOutOfCores } from './core-files.ts'
import { isUnavailableError, isUsageError } from './errors.ts'
import { exitCode } from './exit-code.ts'

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
