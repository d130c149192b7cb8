import type { QueueNames, RunStatus } from '@cachewarmer/core'
import type { QueueService } from '@cachewarmer/queue'
import { goesBy, RunFinder } from './runs.ts'
import { type JobQueue, lookAtJobs } from './waiting.ts'

/** A job that goes by the name that was asked for. */
export interface Candidate {
  readonly messageId: string
  readonly insertedAtMs: number
  /** The latest run of the job; undefined while it waits in the queue. */
  readonly status: RunStatus | undefined
}

export interface Candidates {
  /** Those that have not ended first, and among them the latest submitted. */
  readonly jobs: readonly Candidate[]
  readonly queue: JobQueue
}

/** Everything that goes by a label, a run id or the id of a job message, one entry a job. */
export async function findCandidates(
  service: QueueService,
  names: QueueNames,
  target: string,
  signal?: AbortSignal,
): Promise<Candidates> {
  const queue = await lookAtJobs(service, names, signal)
  const seen = await new RunFinder(service, names, (status) => goesBy(status, target)).look(signal)
  const jobs = new Map<string, Candidate>()
  for (const { messageId, label, insertedAtMs } of queue.waiting) {
    if (messageId === target || label === target) jobs.set(messageId, { messageId, insertedAtMs, status: undefined })
  }
  for (const { status } of seen) {
    const known = jobs.get(status.jobMessageId)?.status
    if (known !== undefined && known.updatedAtMs > status.updatedAtMs) continue
    jobs.set(status.jobMessageId, {
      messageId: status.jobMessageId,
      insertedAtMs: status.jobInsertedAtMs,
      status,
    })
  }
  return { jobs: [...jobs.values()].sort(liveFirst), queue }
}

/** Whether a job waits or runs. */
export const isLive = ({ status }: Candidate): boolean => status?.state !== 'ended'

const liveFirst = (a: Candidate, b: Candidate): number =>
  Number(isLive(b)) - Number(isLive(a)) || b.insertedAtMs - a.insertedAtMs
