import { type Counts, type Job, type Outcome, saturatingSum } from '@cachewarmer/core'

type CountedJob = Pick<Job, 'addresses' | 'through' | 'mode' | 'allowEmpty'>

/**
 * What became of a run whose items are all done. Without a single file a filter or a path is mistyped, or a mount point
 * is not mounted, unless files are there that have merely not changed since the time that the job names.
 */
export function outcomeOf(job: CountedJob, counts: Counts): Outcome {
  const { files, failures, leftOut } = counts
  if (contradictionOf(job, counts) !== undefined) return 'completed with failures'
  if (Object.values(failures).some((count) => count > 0)) return 'completed with failures'
  const unchanged = leftOut?.modifiedSince ?? 0
  return files > 0 || unchanged > 0 || job.allowEmpty ? 'warmed' : 'nothing matched'
}

/**
 * How the counts of a run contradict themselves; undefined where they fit together. A worker's result is believed, but a
 * file counts as read only once it came through its addresses: where they count less than that, nothing is called warm.
 */
export function contradictionOf({ mode, through, addresses }: CountedJob, counts: Counts): string | undefined {
  if (mode !== 'data') return undefined
  const perAddress = addresses.map((address) =>
    Object.hasOwn(counts.mounts, address) ? counts.mounts[address] : undefined,
  )
  for (const what of ['files', 'bytes'] as const) {
    const each = perAddress.map((mount) => mount?.[what] ?? 0)
    const most = through === 'spread' ? each.reduce(saturatingSum, 0) : Math.min(...each)
    const contradicts = what === 'files' ? counts.files > most : counts.bytes > 0 && most === 0
    if (contradicts)
      return `results contradict themselves: ${counts[what]} ${what} counted as read, and ${most} through ${through === 'spread' ? 'all addresses together' : 'one of the addresses'}`
  }
  return undefined
}
