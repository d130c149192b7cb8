import { childOf, type Job, type LedgerChange, listItem, rootItem } from '@cachewarmer/core'

/** What a run begins with: the chunks of its list, and a root where it has paths to walk. */
export function firstItems({ job, generation }: { readonly job: Job; readonly generation: number }): LedgerChange[] {
  const list = childOf(listItem(0, generation))?.family ?? ''
  const chunks = job.list?.chunks ?? 0
  return [
    ...(job.paths.length === 0 ? [] : [{ change: 'begin', item: rootItem(generation) } as const]),
    ...(chunks === 0 ? [] : [{ change: 'announce', family: list, count: chunks } as const]),
  ]
}
