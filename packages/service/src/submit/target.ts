import type { QueueNames, RunStatus } from '@cachewarmer/core'
import type { CallOptions, Clock, QueueService } from '@cachewarmer/queue'
import { SubmitError } from './errors.ts'
import { goesBy, RunFinder, type SeenStatus } from './runs.ts'
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

export interface LookOptions extends CallOptions {
  /** Lets the search look again for a while where a manager may just have taken the job. Default: it looks once. */
  readonly clock?: Clock | undefined
  /** How long it looks again. Default 3,000. */
  readonly patienceMs?: number | undefined
}

const pauseMs = 250

/** Everything that goes by a label, a run id or the id of a job message, one entry a job. */
export async function findCandidates(
  service: QueueService,
  names: QueueNames,
  target: string,
  { clock, patienceMs = 3_000, signal }: LookOptions = {},
): Promise<Candidates> {
  const finder = new RunFinder(service, names, (status) => goesBy(status, target))
  const untilMs = clock === undefined ? 0 : clock.now() + patienceMs
  for (;;) {
    const queue = await lookAtJobs(service, names, signal)
    const jobs = gather(target, queue, await finder.look(signal))
    // A job that was just taken is no longer seen in the queue, and its run has no status yet.
    const isHeld = queue.depth > queue.waiting.length
    if (jobs.length > 0 || !isHeld || clock === undefined || clock.now() >= untilMs) return { jobs, queue }
    await clock.sleep(pauseMs, signal)
  }
}

function gather(target: string, queue: JobQueue, seen: readonly SeenStatus[]): Candidate[] {
  const jobs = new Map<string, Candidate>()
  for (const { messageId, label, insertedAtMs } of queue.waiting) {
    if (messageId === target || label === target) jobs.set(messageId, { messageId, insertedAtMs, status: undefined })
  }
  for (const { status } of seen) {
    const { jobMessageId: messageId, jobInsertedAtMs: insertedAtMs } = status
    const known = jobs.get(messageId)?.status
    if (known !== undefined && known.updatedAtMs > status.updatedAtMs) continue
    jobs.set(messageId, { messageId, insertedAtMs, status })
  }
  return [...jobs.values()].sort(liveFirst)
}

export const unknownTarget = (target: string): SubmitError =>
  new SubmitError('JOB_UNKNOWN', target, `${JSON.stringify(target)}: no run and no waiting job goes by this name`)

/** Whether a job waits or runs. */
export const isLive = ({ status }: Candidate): boolean => status?.state !== 'ended'

const liveFirst = (a: Candidate, b: Candidate): number =>
  Number(isLive(b)) - Number(isLive(a)) || b.insertedAtMs - a.insertedAtMs
