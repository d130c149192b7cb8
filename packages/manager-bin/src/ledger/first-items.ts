import { type Job, listItem, rootItem } from '@cachewarmer/core'

/** The items that a run begins with: the chunks of its list, and a root where it has paths to walk. */
export function firstItems({ job, generation }: { readonly job: Job; readonly generation: number }): string[] {
  const chunks = Array.from({ length: job.list?.chunks ?? 0 }, (_, chunk) => listItem(chunk, generation))
  return job.paths.length === 0 ? chunks : [rootItem(generation), ...chunks]
}
