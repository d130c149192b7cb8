import type { RunStatus } from '@cachewarmer/core'

/** What the binaries exit with. */
export const exitCode = {
  ok: 0,
  /** The work was done, and not all of it succeeded; also a fault of ours. */
  failed: 1,
  /** The command line, the environment or a job is wrong. */
  usage: 2,
  /** A queue can't be reached, or refuses; a file can't be kept, as on a full disk. */
  unavailable: 3,
  /** There was no file to warm. */
  nothingMatched: 4,
  /** Stopped by Ctrl-C. */
  interrupted: 130,
} as const

/** What a program that waited for a run exits with; 0 for a run still under way, too: nothing has failed so far. */
export function endCode({ outcome }: RunStatus): number {
  if (outcome === undefined || outcome === 'warmed') return exitCode.ok
  if (outcome === 'nothing matched') return exitCode.nothingMatched
  return outcome === 'refused' ? exitCode.usage : exitCode.failed
}

/** A mistake of the caller: its message is shown as it is, without a stack trace, and the exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Something that the program needs is not to be had now: its message is shown as it is, and the exit code is 3. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError'
}

export const isUnavailableError = (error: unknown): error is UnavailableError =>
  error instanceof Error && error.name === 'UnavailableError'

/** Looks at the name, so that two copies of this package still agree. */
export const isUsageError = (error: unknown): error is UsageError =>
  error instanceof Error && error.name === 'UsageError'
