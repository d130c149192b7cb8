import { decodeStatus, isCoreError, queueNames } from '@cachewarmer/core'
import { isQueueError, type QueueService } from '@cachewarmer/queue'

/**
 * Whether a manager wants workers here: one holds the leader's token, and there is a run that goes on. A run without a
 * manager is a run of one that died, and a manager without a run lets its workers go. Queues that fail show no sign.
 */
export async function managerWantsWorkers(
  service: QueueService,
  prefix: string,
  signal: AbortSignal,
): Promise<boolean> {
  const names = queueNames(prefix)
  try {
    const token = service.queue(names.leader)
    // Whoever leads keeps the token leased, so that nobody sees it.
    if ((await token.peek({ max: 1, signal })).length > 0) return false
    if ((await token.approximateDepth({ signal })) === 0) return false
    for (const queue of await service.list(names.runWork(''), { signal })) {
      const run = names.runOf(queue)
      if (run !== undefined && (await goesOn(service, names.runStatus(run), signal))) return true
    }
    return false
  } catch (error) {
    signal.throwIfAborted()
    if (isQueueError(error)) return false
    throw error
  }
}

async function goesOn(service: QueueService, statusQueue: string, signal: AbortSignal): Promise<boolean> {
  try {
    const [message] = await service.queue(statusQueue).peek({ max: 1, signal })
    if (message === undefined) return false
    const { state } = decodeStatus(message.body)
    return state === 'starting' || state === 'running'
  } catch (error) {
    // Written by a newer manager, so there is one.
    if (isCoreError(error)) return true
    if (isQueueError(error) && error.code === 'QUEUE_NOT_FOUND') return false
    throw error
  }
}
