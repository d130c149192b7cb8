import { checkPeek, checkReceive, checkSend } from '../check.ts'
import { QueueError } from '../errors.ts'
import { leaseOf, type Receipt, sentMessage } from '../handle.ts'
import type { Clock } from '../ports.ts'
import type { PeekedMessage, Queue } from '../transport.ts'
import type { MessageRow, Statements } from './statements.ts'
import type { Store } from './store.ts'

const fromRow = (row: MessageRow): PeekedMessage => ({
  id: String(row.id),
  body: row.body,
  deliveries: row.deliveries,
  insertedAtMs: row.inserted_at,
})

export function sqliteQueue(queue: string, store: Store, sql: Statements, clock: Clock): Queue {
  const mustExist = (): void => {
    if (sql.findQueue.get({ queue }) === undefined)
      throw new QueueError('QUEUE_NOT_FOUND', queue, 'there is no such queue')
  }
  /** Columns hold whole milliseconds; time asked for is never cut short. */
  const inMs = (ms: number): number => Math.ceil(Math.min(clock.now() + ms, Number.MAX_SAFE_INTEGER))
  const now = (): number => inMs(0)

  /** Every delivery counts one up, so the count is the receipt: it is stale once somebody else has received the message. */
  const receiptFor = (id: number, deliveries: number): Receipt => {
    const mustHaveChanged = (changes: number | bigint): void => {
      if (changes > 0) return
      mustExist()
      throw new QueueError('LEASE_LOST', queue, `message ${id} is gone or was taken by another reader`)
    }
    return {
      update: (body, hiddenMs, { signal }) =>
        store.write(queue, signal, () => {
          const row = { queue, id, deliveries, now: now(), until: inMs(hiddenMs), body: body ?? null }
          mustHaveChanged(sql.update.run(row).changes)
        }),
      remove: ({ signal }) =>
        store.write(queue, signal, () =>
          mustHaveChanged(sql.complete.run({ queue, id, deliveries, now: now() }).changes),
        ),
    }
  }

  return {
    name: queue,
    send: async (body, options = {}) => {
      checkSend(queue, body, options)
      const { delayMs = 0, ttlMs, signal } = options
      const id = await store.write(queue, signal, () => {
        const expires = ttlMs === undefined ? null : inMs(ttlMs)
        const row = sql.send.get({ queue, body, now: now(), visible: inMs(delayMs), expires })
        if (row === undefined) mustExist()
        return Number(row?.id)
      })
      return sentMessage(queue, String(id), receiptFor(id, 0))
    },
    receive: async (options) => {
      checkReceive(queue, options)
      const { max, leaseMs, signal } = options
      // A reader that finds nothing takes no lock, so that idle ones cost the busy ones nothing.
      const worthwhile = await store.read(queue, signal, () => {
        if (sql.anyVisible.get({ queue, now: now() }) !== undefined) return true
        mustExist()
        return false
      })
      if (!worthwhile) return []
      const rows = await store.write(queue, signal, () => {
        sql.purge.run({ queue, now: now() })
        const taken = sql.receive.all({ queue, now: now(), until: inMs(leaseMs), max }) as unknown as MessageRow[]
        if (taken.length === 0) mustExist()
        return taken
      })
      return rows.map((row) => leaseOf(queue, fromRow(row), receiptFor(row.id, row.deliveries)))
    },
    peek: async (options) => {
      checkPeek(queue, options)
      return store.read(queue, options.signal, () => {
        const rows = sql.peek.all({ queue, now: now(), max: options.max }) as unknown as MessageRow[]
        if (rows.length === 0) mustExist()
        return rows.map(fromRow)
      })
    },
    approximateDepth: async ({ signal } = {}) =>
      store.read(queue, signal, () => {
        mustExist()
        return Number(sql.depth.get({ queue, now: now() })?.depth)
      }),
  }
}
