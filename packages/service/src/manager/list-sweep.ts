import { queueNames } from '@cachewarmer/core'
import { isQueueError } from '@cachewarmer/queue'
import type { ManagerPorts, ManagerSettings } from './ports.ts'

interface Seen {
  readonly depth: number
  readonly sinceMs: number
}

/** A list that no job names and that has not changed for so long was left by a submitter that died. */
const abandonedAfterMs = 24 * 3_600_000

/**
 * Looks for queues of lists that belong to no job, and removes them when they stayed the same for a day: a submitter may
 * take hours to send a list, and a job may wait for days. Call it now and then, with the lists that known jobs need.
 */
export function listSweep(
  ports: ManagerPorts,
  { prefix }: ManagerSettings,
): (needed: ReadonlySet<string>) => Promise<void> {
  const { service, clock, logger } = ports
  const names = queueNames(prefix)
  let seen = new Map<string, Seen>()
  return async (needed) => {
    const now = clock.now()
    const still = new Map<string, Seen>()
    for (const name of await service.list(names.list(''))) {
      if (names.listOf(name) === undefined || needed.has(name)) continue
      try {
        const depth = await service.queue(name).approximateDepth()
        const before = seen.get(name)
        const state = before?.depth === depth ? before : { depth, sinceMs: now }
        if (now - state.sinceMs >= abandonedAfterMs) {
          logger.warn('a list that no job names is removed', { queue: name, chunks: depth })
          await service.delete(name)
        } else still.set(name, state)
      } catch (error) {
        if (!isQueueError(error) || error.code !== 'QUEUE_NOT_FOUND') throw error
      }
    }
    seen = still
  }
}
