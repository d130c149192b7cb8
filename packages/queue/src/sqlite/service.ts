import { DatabaseSync } from 'node:sqlite'
import { leaseOf, type Receipt, sentMessage } from '../drivers/handle.ts'
import { checkName, checkPeek, checkReceive, checkSend, optionInvalid, queuesWith } from '../port/check.ts'
import { type Clock, systemClock } from '../port/clock.ts'
import { QueueError } from '../port/errors.ts'
import { type CallOptions, type PeekedMessage, type Queue, type QueueService, queueLimits } from '../port/queue.ts'
import { openPrivately, unfitFilesystem, watchFile } from './file.ts'
import { type FileTime, fileTime, prepareSchema } from './schema.ts'
import {
  isBusy,
  type MessageRow,
  mapError,
  openStore,
  prepareStatements,
  type Statements,
  type Store,
} from './store.ts'

const fromRow = (row: MessageRow): PeekedMessage => ({
  id: row.uid,
  body: row.body,
  deliveries: row.deliveries,
  insertedAtMs: row.inserted_at,
})

function sqliteQueue(queue: string, store: Store, sql: Statements, time: FileTime): Queue {
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
    polling,
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

export interface SqliteOptions {
  /**
   * Path of the file that holds all queues; made where it is absent, in a folder that is not. Two more stand beside it while it
   * is open.
   */
  readonly file: string
  /** Default: the system's. A `MachineClock` with a boot id keeps leases and delays independent of the wall clock. */
  readonly clock?: Clock | undefined
  /**
   * Opens the file on any filesystem, for a local FUSE that keeps its promises. Default false: networks and FUSE are refused.
   */
  readonly trustFilesystem?: boolean | undefined
}

const polling = { minMs: 20, maxMs: 500 }

/** How long SQLite itself may block this process, waiting for another one to let go of the file. */
const busyTimeoutMs = 250
/** Opening blocks as well: some 5 s at worst, for a file that others keep to themselves. */
const openTries = 20
const openPauseMs = 20

/**
 * Queues in one SQLite file, for any number of processes on one machine. What was answered for outlasts a power failure;
 * the sync that this takes is shared by all writes of a turn of the event loop, so that many calls at once are cheap.
 * A new file is for its owner alone. Throws `OPTION_INVALID` for a file that is none of ours or not on a local disk,
 * `DENIED` where it may not be opened; calls throw `FILE_LOST` once the file under this name is another one, or none.
 */
export function openSqliteService(options: SqliteOptions): QueueService {
  const { file, clock = systemClock } = options
  if (typeof file !== 'string' || file === '' || file === ':memory:') {
    throw optionInvalid('sqlite', 'file', file, 'the path of a file (for queues without one there is memoryService)')
  }
  if (options.trustFilesystem !== true) refuseNetworkFile(file)
  const { db, time } = openPrivately(file, () => openDatabase(file, clock))
  const sql = prepareStatements(db)
  const fate = watchFile(file)
  const store = openStore(db, clock, () => {
    const what = fate()
    if (what !== undefined) throw fileLost(file, what)
  })

  return {
    limits: queueLimits,
    polling,
    queue: (name) => sqliteQueue(checkName(name), store, sql, time),
    create: async (name, { signal } = {}) =>
      store.write(checkName(name), signal, () =>
        sql.createQueue.run({ queue: name }).changes > 0 ? 'created' : 'existed',
      ),
    delete: async (name, { signal } = {}) =>
      store.write(checkName(name), signal, () =>
        sql.deleteQueue.run({ queue: name }).changes > 0 ? 'deleted' : 'absent',
      ),
    list: (prefix, { signal } = {}) =>
      store.read(queuesWith(prefix), signal, () => sql.listQueues.all({ prefix }).map((row) => String(row.name))),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  }
}

/** No reader would see messages sent through this connection from now on. */
const fileLost = (file: string, what: string): QueueError =>
  new QueueError(
    'FILE_LOST',
    `sqlite:${file}`,
    `the file was ${what} while it was open; stop all programs before a queue file is removed or restored, and start them again`,
  )

function refuseNetworkFile(file: string): void {
  let name: string | undefined
  try {
    name = unfitFilesystem(file)
  } catch (error) {
    throw optionInvalid('sqlite', 'file', file, `in a folder that can be read (${(error as Error).message})`)
  }
  if (name !== undefined) throw optionInvalid('sqlite', 'file', file, `on a local filesystem, not on ${name}`)
}

function openDatabase(file: string, clock: Clock): { readonly db: DatabaseSync; readonly time: FileTime } {
  for (let tries = 1; ; tries++) {
    let db: DatabaseSync | undefined
    try {
      db = new DatabaseSync(file)
      prepareSchema(db, file, busyTimeoutMs)
      return { db, time: fileTime(db, clock) }
    } catch (error) {
      db?.close()
      // SQLite does not wait where the file changes to a log or back, as when others make or close it at this moment.
      if (!isBusy(error) || tries === openTries) throw mapError(`sqlite:${file}`, error)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, openPauseMs)
    }
  }
}
