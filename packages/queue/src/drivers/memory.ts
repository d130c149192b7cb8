import { checkName, checkPeek, checkReceive, checkSend, queuesWith } from '../port/check.ts'
import { type Clock, sleep, steadyClock, steadyOf } from '../port/clock.ts'
import { QueueError } from '../port/errors.ts'
import {
  type CallOptions,
  type PeekedMessage,
  type Queue,
  type QueueService,
  queueLimits,
  type Random,
} from '../port/queue.ts'
import { leaseOf, type Receipt, sentMessage } from './handle.ts'

interface StoredMessage {
  readonly id: string
  readonly insertedAtMs: number
  readonly expiresAtMs: number
  body: string
  visibleAtMs: number
  deliveries: number
}

/** The messages of one queue, in the order they came. */
type Messages = Map<string, StoredMessage>

/** What a queue asks of the service it belongs to. */
interface Host {
  /** A call takes its time, is recorded as one, and then does all of its work at once, at this time of the steady clock. */
  call<T>(queue: string, options: CallOptions, work: (nowMs: number) => T): Promise<T>
  /** Milliseconds since 1970, by the wall clock. */
  wallMs(): number
  /** Throws `QUEUE_NOT_FOUND`. */
  messages(queue: string): Messages
  nextId(): string
  readonly random: Random | undefined
}

const snapshot = ({ id, body, deliveries, insertedAtMs }: StoredMessage): PeekedMessage => ({
  id,
  body,
  deliveries,
  insertedAtMs,
})

/** Fisher and Yates; in place. */
function shuffle<T>(list: T[], random: Random): void {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const kept = list[last] as T
    list[last] = list[other] as T
    list[other] = kept
  }
}

function memoryQueue(name: string, host: Host): Queue {
  /** Forgets what has expired, then says who is left. */
  const all = (nowMs: number): StoredMessage[] => {
    const messages = host.messages(name)
    for (const [id, message] of messages) if (message.expiresAtMs <= nowMs) messages.delete(id)
    return [...messages.values()]
  }

  /** Oldest first, or in any order where there is a `random`. */
  const visible = (nowMs: number, max: number): StoredMessage[] => {
    const found: StoredMessage[] = []
    for (const message of host.messages(name).values()) {
      if (message.visibleAtMs <= nowMs && message.expiresAtMs > nowMs) found.push(message)
      if (found.length === max && host.random === undefined) return found
    }
    if (host.random !== undefined) shuffle(found, host.random)
    return found.slice(0, max)
  }

  /** Every delivery counts one up, so the count is the receipt: it is stale once another reader has received the message. */
  const receiptFor = (id: string, deliveries: number): Receipt => {
    const held = (nowMs: number): StoredMessage => {
      const message = host.messages(name).get(id)
      if (message?.deliveries === deliveries && message.expiresAtMs > nowMs) return message
      const why = message === undefined ? 'is gone' : 'was taken by another reader'
      throw new QueueError('LEASE_LOST', name, `message ${id} ${why}`)
    }
    const hide = (body: string | undefined, hiddenMs: number, options: CallOptions): Promise<void> =>
      host.call(name, options, (nowMs) => {
        const message = held(nowMs)
        message.visibleAtMs = nowMs + hiddenMs
        if (body !== undefined) message.body = body
      })
    return {
      hold: hide,
      release: (delayMs, options) => hide(undefined, delayMs, options),
      remove: (options) =>
        host.call(name, options, (nowMs) => {
          host.messages(name).delete(held(nowMs).id)
        }),
    }
  }

  return {
    name,
    polling,
    send: async (body, options = {}) => {
      checkSend(name, body, options)
      const { delayMs = 0, ttlMs = Number.POSITIVE_INFINITY } = options
      return host.call(name, options, (nowMs) => {
        const messages = host.messages(name)
        const id = host.nextId()
        const times = { insertedAtMs: host.wallMs(), expiresAtMs: nowMs + ttlMs, visibleAtMs: nowMs + delayMs }
        messages.set(id, { id, body, deliveries: 0, ...times })
        return sentMessage(name, id, receiptFor(id, 0))
      })
    },
    receive: async (options) => {
      checkReceive(name, options)
      return host.call(name, options, (nowMs) =>
        visible(nowMs, options.max).map((message) => {
          message.visibleAtMs = nowMs + options.leaseMs
          message.deliveries++
          return leaseOf(name, snapshot(message), receiptFor(message.id, message.deliveries))
        }),
      )
    },
    peek: async (options) => {
      checkPeek(name, options)
      return host.call(name, options, (nowMs) => visible(nowMs, options.max).map(snapshot))
    },
    approximateDepth: (options = {}) => host.call(name, options, (nowMs) => all(nowMs).length),
  }
}

const polling = { minMs: 50, maxMs: 1_000 }

export interface MemoryOptions {
  /**
   * The only source of time; nothing else waits, so that a simulation with a fake clock is repeatable. Default:
   * `steadyClock`.
   */
  readonly clock?: Clock | undefined
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
export function memoryService(options: MemoryOptions = {}): QueueService {
  const { clock = steadyClock, random, latencyMs, deletionMs = 0 } = options
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

  const close = (): void => {
    closed = true
    queues.clear()
  }

  return {
    limits: queueLimits,
    polling,
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
    close: async () => close(),
    [Symbol.asyncDispose]: async () => close(),
  }
}
