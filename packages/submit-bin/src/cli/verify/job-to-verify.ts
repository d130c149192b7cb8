import { type Job, type LatencyHistogram, latencyHistogram, queueNames } from '@cachewarmer/core'
import { type JobSettings, UsageError } from '@cachewarmer/service/cli'
import { plural } from '@cachewarmer/service/report'
import type { ListedPath } from '@cachewarmer/service/submit'
import { findCandidates, listOf, readJob, unknownTarget } from '@cachewarmer/service/submit'
import type { Session } from '../session.ts'
import type { Terminal } from '../terminal.ts'

export interface JobToVerify {
  readonly job: Job
  /** The list of paths that was warmed first. */
  readonly listed?: AsyncIterable<readonly ListedPath[]> | undefined
  /** The median latency of the run's own reads, at the slowest address. */
  readonly coldMs?: number | undefined
  /** What its reads of cold files took, by address; of a run of an earlier version nobody knows. */
  readonly coldReads?: ReadonlyMap<string, LatencyHistogram> | undefined
}

/** The job that goes by this name, from the status of its run. Its list went with the run, so it is named again. */
export async function jobToVerify(
  { service, prefix, terminal }: Session,
  target: string,
  settings: JobSettings,
): Promise<JobToVerify> {
  const { jobs } = await findCandidates(service, queueNames(prefix), target, { clock: terminal.clock })
  const [found] = jobs
  if (found === undefined) throw unknownTarget(target)
  const { status } = found
  if (status === undefined) throw new UsageError(`${target} waits for a manager: there is nothing to verify yet`)
  if (status.job === null) throw new UsageError(`${target} was refused: there is nothing to verify`)
  const listed = listOf(settings, [], terminal)
  if (status.job.list !== undefined && listed === undefined)
    throw new UsageError(
      `${target} had a list of ${plural(status.job.list.paths, 'path')}, which went with its run: name it with --files-from`,
    )
  const medians = status.mounts.flatMap(({ p50Ms }) => (p50Ms === undefined ? [] : [p50Ms]))
  const coldReads = Object.entries(status.progress.counts.mounts).flatMap(([address, { latencies }]) =>
    latencies === undefined ? [] : [[address, latencyHistogram(latencies)] as const],
  )
  return {
    job: status.job,
    listed: listed?.(),
    coldReads: new Map(coldReads),
    ...(medians.length === 0 ? {} : { coldMs: Math.max(...medians) }),
  }
}

/** The job that the options describe. What is measured is not what a job reads, so its head is left out. */
export async function describedJob(settings: JobSettings, terminal: Terminal): Promise<JobToVerify> {
  const { job, listed } = await readJob({ ...settings, headBytes: undefined }, terminal)
  return { job, listed: listed?.() }
}
