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
