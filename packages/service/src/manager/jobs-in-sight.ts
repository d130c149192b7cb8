import { decodeJob, isCoreError, queueNames } from '@cachewarmer/core'
import type { RunRecord } from './ledger/ledger.ts'
import type { ManagerPorts, ManagerSettings } from './ports.ts'

export interface JobsInSight {
  readonly messageIds: ReadonlySet<string>
  /** Queues of the lists that they bring along. */
  readonly lists: ReadonlySet<string>
}

/** Every job that runs here or waits; undefined where more wait than can be seen, or another manager has one. */
export async function jobsInSight(
  ports: ManagerPorts,
  settings: ManagerSettings,
  runs: readonly { readonly record: RunRecord }[],
): Promise<JobsInSight | undefined> {
  const names = queueNames(settings.prefix)
  const queue = ports.service.queue(names.job)
  const { maxPeek } = ports.service.limits
  const waiting = await queue.peek({ max: maxPeek })
  const messageIds = new Set([...waiting.map(({ id }) => id), ...runs.map(({ record }) => record.jobMessageId)])
  if (waiting.length === maxPeek || (await queue.approximateDepth()) > messageIds.size) return undefined
  const lists = new Set<string>()
  for (const { record } of runs) if (record.job.list !== undefined) lists.add(names.list(record.job.list.id))
  for (const { body } of waiting) {
    const listed = listedJob(body)
    if (listed !== undefined) lists.add(names.list(listed.list))
  }
  return { messageIds, lists }
}

/** The list that a job brings along, and the job's label. */
export interface ListedJob {
  readonly list: string
  readonly label: string | undefined
}

/** `undefined` for a job without a list. A job that can't be read needs none: it will be refused. */
export function listedJob(body: string): ListedJob | undefined {
  try {
    const { job } = decodeJob(body)
    return job.list && { list: job.list.id, label: job.jobId }
  } catch (error) {
    if (isCoreError(error)) return undefined
    throw error
  }
}
