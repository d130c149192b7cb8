import { decodeJob, encodeJob, type Job, makeId, queueNames } from '@cachewarmer/core'
import type { QueueService, Random } from '@cachewarmer/queue'

export interface SubmitOptions {
  /** Makes a label for a job that has none. Default: it stays without, and goes by the id of its message. */
  readonly random?: Random | undefined
  readonly signal?: AbortSignal | undefined
}

export interface SubmittedJob {
  /** What the job goes by: its label, or the id of its message where it has none. */
  readonly jobId: string
  readonly messageId: string
}

const labelLetters = 8

/**
 * Puts a job in the job queue, which is made if it is missing. Throws `CoreError` before anything is sent: `JOB_INVALID`
 * for a job that a manager would refuse, `TOO_LARGE` for one that doesn't fit, `OPTION_INVALID` for the prefix.
 */
export async function submitJob(
  service: QueueService,
  prefix: string,
  job: Job,
  options: SubmitOptions = {},
): Promise<SubmittedJob> {
  const { random, signal } = options
  const names = queueNames(prefix)
  const label = job.jobId ?? (random === undefined ? undefined : `job-${makeId(random, labelLetters)}`)
  const body = encodeJob(label === undefined ? job : { ...job, jobId: label })
  decodeJob(body)
  await service.create(names.job, { signal })
  const { id } = await service.queue(names.job).send(body, { signal })
  return { jobId: label ?? id, messageId: id }
}
