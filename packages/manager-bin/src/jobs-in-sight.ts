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
    const list = listOfJob(body)
    if (list !== undefined) lists.add(names.list(list))
  }
  return { messageIds, lists }
}

/** The id of a job's list. A job that can't be read needs none: it will be refused. */
export function listOfJob(body: string): string | undefined {
  try {
    return decodeJob(body).job.list?.id
  } catch (error) {
    if (isCoreError(error)) return undefined
    throw error
  }
}
