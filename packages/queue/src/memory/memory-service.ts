import { checkName, queuesWith } from '../check.ts'
import { type Clock, sleep, steadyOf } from '../clock.ts'
import { QueueError } from '../errors.ts'
import { queueLimits } from '../limits.ts'
import type { Random } from '../ports.ts'
import type { QueueService } from '../transport.ts'
import { type Host, type Messages, memoryQueue } from './memory-queue.ts'

export interface MemoryOptions {
  /** The only source of time; nothing else waits, so that a simulation with a fake clock is repeatable. */
  readonly clock: Clock
  /** Shuffles what `receive` and `peek` see. Default: oldest first. */
  readonly random?: Random | undefined
  /** Asked twice a call: how long a request, then its answer, is on its way. Default: no time at all. */
  readonly latencyMs?: (() => number) | undefined
  /** How long the name of a deleted queue stays unusable, as on Azure. Default 0. */
  readonly deletionMs?: number | undefined
}

/**
 * The reference driver: what it does is what the port means. All queues live in this object and end with it.
 * A call aborted while its answer is on the way has taken effect, as on a network.
 */
export function memoryService(options: MemoryOptions): QueueService {
  const { clock, random, latencyMs, deletionMs = 0 } = options
  const queues = new Map<string, Messages>()
  const deletedUntilMs = new Map<string, number>()
  let lastId = 0
  let closed = false
  const steady = steadyOf(clock)
  const nowMs = (): number => steady?.steadyMs() ?? clock.now()

  const travel = async (signal: AbortSignal | undefined): Promise<void> => {
    if (latencyMs !== undefined) await sleep(clock, latencyMs(), signal)
    signal?.throwIfAborted()
  }

  const host: Host = {
    random,
    wallMs: () => clock.now(),
    nextId: () => `m${++lastId}`,
    messages: (name) => {
      const messages = queues.get(name)
      if (messages === undefined) throw new QueueError('QUEUE_NOT_FOUND', name, 'there is no such queue')
      return messages
    },
    call: async (name, { signal }, work) => {
      const refuseClosed = (): void => {
        if (closed) throw new QueueError('CLOSED', name, 'the queue service was closed')
      }
      refuseClosed()
      await travel(signal)
      refuseClosed()
      const result = work(nowMs())
      await travel(signal)
      return result
    },
  }

  const create = (name: string, nowMs: number): 'created' | 'existed' => {
    if (queues.has(name)) return 'existed'
    if (nowMs < (deletedUntilMs.get(name) ?? 0)) {
      throw new QueueError('QUEUE_BEING_DELETED', name, 'a queue of this name is still being deleted')
    }
    queues.set(name, new Map())
    return 'created'
  }

  return {
    limits: queueLimits,
    polling: { minMs: 50, maxMs: 1_000 },
    queue: (name) => memoryQueue(checkName(name), host),
    create: async (name, callOptions = {}) => host.call(checkName(name), callOptions, (nowMs) => create(name, nowMs)),
    delete: async (name, callOptions = {}) =>
      host.call(checkName(name), callOptions, (nowMs) => {
        if (!queues.delete(name)) return 'absent'
        deletedUntilMs.set(name, nowMs + deletionMs)
        return 'deleted'
      }),
    list: (prefix, callOptions = {}) =>
      host.call(queuesWith(prefix), callOptions, () =>
        [...queues.keys()].filter((name) => name.startsWith(prefix)).sort(),
      ),
    close: async () => {
      closed = true
      queues.clear()
    },
  }
}
