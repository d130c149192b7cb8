import { checkPeek, checkReceive, checkSend } from '../check.ts'
import { QueueError } from '../errors.ts'
import { leaseOf, type Receipt, sentMessage } from '../handle.ts'
import type { CallOptions, PeekedMessage, Queue } from '../transport.ts'
import type { FileTime } from './file-time.ts'
import type { MessageRow, Statements } from './statements.ts'
import type { Store } from './store.ts'

const fromRow = (row: MessageRow): PeekedMessage => ({
  id: row.uid,
  body: row.body,
  deliveries: row.deliveries,
  insertedAtMs: row.inserted_at,
})

export function sqliteQueue(queue: string, store: Store, sql: Statements, time: FileTime): Queue {
  const mustExist = (): void => {
    if (sql.findQueue.get({ queue }) === undefined)
      throw new QueueError('QUEUE_NOT_FOUND', queue, 'there is no such queue')
  }
  const now = (): number => time.in(0)

  /** Every delivery counts one up, so the count is the receipt: it is stale once another reader has received the message. */
  const receiptFor = ({ id, uid, deliveries }: Pick<MessageRow, 'id' | 'uid' | 'deliveries'>): Receipt => {
    const held = { queue, id, deliveries }
    const mustHaveChanged = (changes: number | bigint): void => {
      if (changes > 0) return
      mustExist()
      throw new QueueError('LEASE_LOST', queue, `message ${uid} is gone or was taken by another reader`)
    }
    const hide = (body: string | null, hiddenMs: number, untilWall: () => number, { signal }: CallOptions) =>
      store.write(queue, signal, () => {
        const row = { ...held, now: now(), until: time.in(hiddenMs), untilWall: untilWall(), body }
        mustHaveChanged(sql.update.run(row).changes)
      })
    return {
      hold: (body, leaseMs, options) => hide(body ?? null, leaseMs, () => 0, options),
      release: (delayMs, options) => hide(null, delayMs, () => time.wallIn(delayMs), options),
      remove: ({ signal }) =>
        store.write(queue, signal, () => mustHaveChanged(sql.complete.run({ ...held, now: now() }).changes)),
    }
  }

  return {
    name: queue,
    send: async (body, options = {}) => {
      checkSend(queue, body, options)
      const { delayMs = 0, ttlMs, signal } = options
      const sent = await store.write(queue, signal, () => {
        const row = sql.send.get({
          queue,
          body,
          inserted: time.wallIn(0),
          visible: time.in(delayMs),
          visibleWall: time.wallIn(delayMs),
          expires: ttlMs === undefined ? null : time.in(ttlMs),
          expiresWall: ttlMs === undefined ? null : time.wallIn(ttlMs),
        })
        if (row === undefined) mustExist()
        return { id: Number(row?.['id']), uid: String(row?.['uid']), deliveries: 0 }
      })
      return sentMessage(queue, sent.uid, receiptFor(sent))
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
        const taken = sql.receive.all({ queue, now: now(), until: time.in(leaseMs), max }) as unknown as MessageRow[]
        if (taken.length === 0) mustExist()
        return taken
      })
      return rows.map((row) => leaseOf(queue, fromRow(row), receiptFor(row)))
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
