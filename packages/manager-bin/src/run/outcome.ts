import type { Counts, Job, Outcome } from '@cachewarmer/core'

/**
 * What became of a run whose items are all done. Without a single file a filter or a path is mistyped, or a mount point
 * is not mounted, unless files are there that have merely not changed since the time that the job names.
 */
export function outcomeOf({ allowEmpty }: Pick<Job, 'allowEmpty'>, { files, failures, leftOut }: Counts): Outcome {
  if (Object.values(failures).some((count) => count > 0)) return 'completed with failures'
  const unchanged = leftOut?.modifiedSince ?? 0
  return files > 0 || unchanged > 0 || allowEmpty ? 'warmed' : 'nothing matched'
}
