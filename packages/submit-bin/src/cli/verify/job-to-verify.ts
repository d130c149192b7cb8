import { UsageError } from '@cachewarmer/cli'
import { type Job, type LatencyHistogram, latencyHistogram, queueNames } from '@cachewarmer/core'
import { findCandidates, unknownTarget } from '../../target.ts'
import type { JobSettings } from '../job-options.ts'
import { readJob } from '../read-job.ts'
import type { Session } from '../session.ts'
import type { Terminal } from '../terminal.ts'

export interface JobToVerify {
  readonly job: Job
  /** The median latency of the run's own reads, at the slowest address. */
  readonly coldMs?: number | undefined
  /** What its reads of cold files took, by address; of a run of an earlier version nobody knows. */
  readonly coldReads?: ReadonlyMap<string, LatencyHistogram> | undefined
}

/** The job that goes by this name, from the status of its run. */
export async function jobToVerify({ service, prefix, terminal }: Session, target: string): Promise<JobToVerify> {
  const { jobs } = await findCandidates(service, queueNames(prefix), target, { clock: terminal.clock })
  const [found] = jobs
  if (found === undefined) throw unknownTarget(target)
  const { status } = found
  if (status === undefined) throw new UsageError(`${target} waits for a manager: there is nothing to verify yet`)
  if (status.job === null) throw new UsageError(`${target} was refused: there is nothing to verify`)
  const medians = status.mounts.flatMap(({ p50Ms }) => (p50Ms === undefined ? [] : [p50Ms]))
  const coldReads = Object.entries(status.progress.counts.mounts).flatMap(([address, { latencies }]) =>
    latencies === undefined ? [] : [[address, latencyHistogram(latencies)] as const],
  )
  return {
    job: status.job,
    coldReads: new Map(coldReads),
    ...(medians.length === 0 ? {} : { coldMs: Math.max(...medians) }),
  }
}

/** The job that the options describe. What is measured is not what a job reads, so its head is left out. */
export async function describedJob(settings: JobSettings, terminal: Terminal): Promise<JobToVerify> {
  const { job } = await readJob({ ...settings, headBytes: undefined }, terminal)
  return { job }
}
