import { decodeJob, encodeJob, isCoreError, type Job, makeId, maxListChunks, Prefix } from '@cachewarmer/core'
import type { QueueService, Random } from '@cachewarmer/queue'
import { type ListedPath, sendList } from './list.ts'

export interface SubmitOptions {
  /** Makes a label for a job that has none. Default: it stays without, and goes by the id of its message. */
  readonly random?: Random | undefined
  readonly signal?: AbortSignal | undefined
}

export interface SubmitListOptions extends SubmitOptions {
  /** Paths to warm before everything else, in this order: a list of any length. */
  readonly listed: AsyncIterable<readonly ListedPath[]>
  readonly random: Random
  /** Called now and then with the number of listed paths that were sent. */
  readonly onListed?: ((paths: number) => void) | undefined
  /** Most listed paths that one worker gets at once. Default 2,000. */
  readonly chunkPaths?: number | undefined
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
  const names = new Prefix(prefix)
  const label = job.jobId ?? (random === undefined ? undefined : `job-${makeId(random, labelLetters)}`)
  const body = encodeJob(label === undefined ? job : { ...job, jobId: label })
  decodeJob(body)
  await service.create(names.job, { signal })
  const { id } = await service.queue(names.job).send(body, { signal })
  return { jobId: label ?? id, messageId: id }
}

/**
 * As `submitJob`, with a list that is sent before the job: a crash in between leaves no job. Without `paths` in
 * the job the list is all there is to warm. Where the job could not be sent the list may stay behind: a manager removes
 * one that no job names.
 */
export async function submitWithList(
  service: QueueService,
  prefix: string,
  job: Omit<Job, 'list'>,
  options: SubmitListOptions,
): Promise<SubmittedJob> {
  const { listed, random, signal, onListed, chunkPaths } = options
  // Before anything is sent: a wrong job needs no list to be refused.
  encodeJob({ ...job, list: { id: 'a'.repeat(12), chunks: maxListChunks, paths: Number.MAX_SAFE_INTEGER } })
  const list = await sendList(service, prefix, listed, { random, signal, onProgress: onListed, chunkPaths })
  try {
    return await submitJob(service, prefix, { ...job, list }, options)
  } catch (error) {
    // Where no answer came, the job may have been sent all the same, and then needs its list.
    if (isCoreError(error)) await service.delete(new Prefix(prefix).list(list.id)).catch(() => undefined)
    throw error
  }
}
