import { WalkError } from '../errors.ts'
import type { Mount } from '../mounts/mount.ts'
import { checkPath, show } from '../paths.ts'
import type { WalkCounters, WalkFailure } from './counters.ts'
import type { WalkOptions } from './options.ts'
import { walk } from './walk.ts'

/** Those of `walk` but for what `warm` decides itself: whole files are read, without iteration. */
export type WarmOptions = Omit<WalkOptions, 'parts' | 'read' | 'headBytes' | 'sampleFiles' | 'entries'>

/** What reading everything came to. */
export interface Warmed {
  /** Every file that the paths and the filter name was read to its end through each mount that it is to be read through. */
  readonly complete: boolean
  /** What was not read: a path, a directory that could not be listed, a file through one mount. At most 100,000 are listed. */
  readonly failures: readonly WalkFailure[]
  /** All of them are counted here. */
  readonly counters: WalkCounters
}

/**
 * Reads every file below the paths whole, through each of the mounts, and drops what it reads: afterwards the caches behind
 * the mounts hold it. The paths begin in the order given.
 * What can't be read is a failure of the result. Throws `OPTION_INVALID` for bad paths and options, and the reason of
 * `signal` when that aborts.
 */
export async function warm(
  mounts: readonly Mount[],
  paths: readonly string[] = ['/'],
  options: WarmOptions = {},
): Promise<Warmed> {
  if (!Array.isArray(paths) || paths.length === 0)
    throw new WalkError('OPTION_INVALID', `paths is ${show(paths) || 'empty'}, expected a list of at least one path`)
  const parts = paths.map((path, at) => ({ kind: 'tree', path: checkPath(`paths[${at}]`, path) }) as const)
  const under = walk(mounts, { ...options, parts, read: true, headBytes: Infinity, entries: 'none' })
  await under.done
  const { counters } = under
  return { complete: Object.keys(counters.failures).length === 0, failures: under.takeFailures(), counters }
}
