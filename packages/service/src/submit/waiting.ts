import { decodeJob, isCoreError, type QueueNames } from '@cachewarmer/core'
import { isQueueError, type QueueService } from '@cachewarmer/queue'
import { peekIfThere } from './runs.ts'

/** A job that no manager has taken yet. */
export interface WaitingJob {
  readonly messageId: string
  /** Undefined where the job has none, or can't be read. */
  readonly label: string | undefined
  readonly insertedAtMs: number
}

export interface JobQueue {
  /** Jobs that can be seen, which is not all of them where more than a peek's worth wait. */
  readonly waiting: readonly WaitingJob[]
  /** Whether `waiting` is all. */
  readonly complete: boolean
  /** All jobs, those included that a manager holds: about so many. */
  readonly depth: number
}

/** Looks at the job queue; an empty one where it is missing. */
export async function lookAtJobs(service: QueueService, names: QueueNames, signal?: AbortSignal): Promise<JobQueue> {
  const max = service.limits.maxPeek
  const messages = await peekIfThere(service, names.job, max, signal)
  const waiting = messages.map(({ id, body, insertedAtMs }) => ({ messageId: id, label: labelOf(body), insertedAtMs }))
  const depth = await depthIfThere(service, names.job, signal)
  return { waiting, complete: messages.length < max, depth }
}

function labelOf(body: string): string | undefined {
  try {
    return decodeJob(body).job.jobId
  } catch (error) {
    if (isCoreError(error)) return undefined
    throw error
  }
}

async function depthIfThere(service: QueueService, name: string, signal: AbortSignal | undefined): Promise<number> {
  try {
    return await service.queue(name).approximateDepth({ signal })
  } catch (error) {
    if (isQueueError(error) && error.code === 'QUEUE_NOT_FOUND') return 0
    throw error
  }
}
