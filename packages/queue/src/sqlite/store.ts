import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type Clock, sleep } from '../port/clock.ts'
import { isQueueError, QueueError, type QueueErrorCode } from '../port/errors.ts'

/** Runs work on one connection: reads right away, writes together with all that are asked for in the same turn. */
export interface Store {
  read<T>(queue: string, signal: AbortSignal | undefined, work: () => T): Promise<T>
  /** An abort before the transaction leaves no trace; after it, it comes too late. */
  write<T>(queue: string, signal: AbortSignal | undefined, work: () => T): Promise<T>
  /** Waits for what was asked for before. */
  close(): Promise<void>
}

interface Write {
  readonly queue: string
  /** Does the work in the open transaction; gives what is to be told once that is committed. */
  attempt(): () => void
  reject(error: unknown): void
}

/** So that a transaction stays a few milliseconds long, and other processes get their turn. */
const maxWritesAtOnce = 500

/** How long a call waits for other processes to let go of the file before it is `UNAVAILABLE`. */
const patienceMs = 30_000

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** `mustBeOurs` throws where the file is not the one that was opened; it is asked before each call takes effect. */
export function openStore(db: DatabaseSync, clock: Clock, mustBeOurs: () => void): Store {
  /** Oldest first. An aborted write leaves. */
  const waiting = new Set<Write>()
  let flushing: Promise<void> | undefined
  let closed = false

  /** SQLite's own wait blocks the whole process, so it is short, and most of the waiting is done here. */
  const untilFree = async <T>(work: () => T, signal?: AbortSignal): Promise<T> => {
    const sinceMs = clock.now()
    for (let tries = 1; ; tries++) {
      try {
        return work()
      } catch (error) {
        if (!isBusy(error) || clock.now() - sinceMs >= patienceMs) throw error
      }
      await sleep(clock, Math.min(100, 5 * tries), signal)
    }
  }

  /** One write that is refused (a lost lease) does not keep the others from being committed. */
  const commit = (writes: readonly Write[]): void => {
    if (writes.length === 0) return
    db.exec('BEGIN IMMEDIATE')
    let told: (() => void)[]
    try {
      mustBeOurs()
      told = writes.map((write) => write.attempt())
      db.exec('COMMIT')
    } catch (error) {
      rollback()
      throw error
    }
    for (const tell of told) tell()
  }

  const rollback = (): void => {
    try {
      db.exec('ROLLBACK')
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
  }

  const flush = async (): Promise<void> => {
    while (waiting.size > 0) {
      await nextTurn()
      let writes: readonly Write[] = []
      try {
        await untilFree(() => {
          writes = [...waiting].slice(0, maxWritesAtOnce)
          commit(writes)
        })
      } catch (error) {
        for (const write of writes) write.reject(mapError(write.queue, error))
      }
    }
    flushing = undefined
  }

  const refuseClosed = (queue: string): void => {
    if (closed) throw new QueueError('CLOSED', queue, 'the queue service was closed')
  }

  return {
    read: async (queue, signal, work) => {
      signal?.throwIfAborted()
      try {
        return await untilFree(() => {
          refuseClosed(queue)
          mustBeOurs()
          return work()
        }, signal)
      } catch (error) {
        throw mapError(queue, error)
      }
    },
    write: async (queue, signal, work) => {
      refuseClosed(queue)
      signal?.throwIfAborted()
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          waiting.delete(write)
          signal?.removeEventListener('abort', cancel)
        }
        const cancel = (): void => write.reject(signal?.reason)
        const write: Write = {
          queue,
          attempt: () => {
            let tell: () => void
            try {
              const result = work()
              tell = () => resolve(result)
            } catch (error) {
              if (!isQueueError(error)) throw error
              tell = () => reject(error)
            }
            return () => {
              leave()
              tell()
            }
          },
          reject: (error) => {
            leave()
            reject(error as Error)
          },
        }
        signal?.addEventListener('abort', cancel, { once: true })
        waiting.add(write)
        flushing ??= flush()
      })
    },
    close: async () => {
      if (closed) return
      closed = true
      await flushing
      // The last process to close the file folds the log into it.
      db.close()
    },
  }
}

export interface MessageRow {
  readonly id: number
  readonly uid: string
  readonly body: string
  readonly deliveries: number
  readonly inserted_at: number
}

/** Every statement of the driver, prepared once. Each has all of its effect or none. */
export interface Statements {
  readonly createQueue: StatementSync
  readonly deleteQueue: StatementSync
  readonly findQueue: StatementSync
  readonly listQueues: StatementSync
  readonly send: StatementSync
  readonly anyVisible: StatementSync
  readonly purge: StatementSync
  readonly receive: StatementSync
  readonly peek: StatementSync
  readonly update: StatementSync
  readonly complete: StatementSync
  readonly depth: StatementSync
}

/** A message of a file's first version is known by its row. */
const uid = 'coalesce(uid, CAST(id AS TEXT)) AS uid'
const theQueue = '(SELECT id FROM queue WHERE name = :queue)'
const alive = '(expires_at IS NULL OR expires_at > :now)'
const held = `id = :id AND deliveries = :deliveries AND queue = ${theQueue} AND ${alive}`

export const prepareStatements = (db: DatabaseSync): Statements => ({
  createQueue: db.prepare('INSERT INTO queue (name) VALUES (:queue) ON CONFLICT DO NOTHING'),
  deleteQueue: db.prepare('DELETE FROM queue WHERE name = :queue'),
  findQueue: db.prepare('SELECT id FROM queue WHERE name = :queue'),
  listQueues: db.prepare('SELECT name FROM queue WHERE substr(name, 1, length(:prefix)) = :prefix ORDER BY name'),
  send: db.prepare(`
    INSERT INTO message (queue, uid, body, inserted_at, visible_at, visible_wall, expires_at, expires_wall)
    SELECT id, lower(hex(randomblob(16))), :body, :inserted, :visible, :visibleWall, :expires, :expiresWall
    FROM queue WHERE name = :queue
    RETURNING id, uid`),
  // Finds expired messages too, so that `receive` comes and clears them away.
  anyVisible: db.prepare(`SELECT 1 FROM message WHERE queue = ${theQueue} AND visible_at <= :now LIMIT 1`),
  purge: db.prepare(`DELETE FROM message WHERE queue = ${theQueue} AND expires_at <= :now`),
  receive: db.prepare(`
    UPDATE message SET visible_at = :until, visible_wall = 0, deliveries = deliveries + 1
    WHERE id IN (
      SELECT id FROM message WHERE queue = ${theQueue} AND visible_at <= :now ORDER BY visible_at, id LIMIT :max)
    RETURNING id, ${uid}, body, deliveries, inserted_at`),
  peek: db.prepare(`
    SELECT id, ${uid}, body, deliveries, inserted_at FROM message
    WHERE queue = ${theQueue} AND visible_at <= :now AND ${alive} ORDER BY visible_at, id LIMIT :max`),
  update: db.prepare(
    `UPDATE message SET visible_at = :until, visible_wall = :untilWall, body = coalesce(:body, body) WHERE ${held}`,
  ),
  complete: db.prepare(`DELETE FROM message WHERE ${held}`),
  depth: db.prepare(`
    SELECT (SELECT count(*) FROM message WHERE queue = ${theQueue})
      - (SELECT count(*) FROM message WHERE queue = ${theQueue} AND expires_at <= :now) AS depth`),
})

/** Primary result codes, https://www.sqlite.org/rescode.html. The only place where a number meets its name. */
const codes: Readonly<Record<number, QueueErrorCode>> = {
  3: 'DENIED', // SQLITE_PERM
  5: 'UNAVAILABLE', // SQLITE_BUSY
  6: 'UNAVAILABLE', // SQLITE_LOCKED
  8: 'DENIED', // SQLITE_READONLY
  10: 'UNAVAILABLE', // SQLITE_IOERR
  11: 'FILE_LOST', // SQLITE_CORRUPT, as after another file was copied over it
  13: 'UNAVAILABLE', // SQLITE_FULL
  14: 'DENIED', // SQLITE_CANTOPEN
  23: 'DENIED', // SQLITE_AUTH
  26: 'OPTION_INVALID', // SQLITE_NOTADB
}

/** The extended codes keep the primary one in their low byte. */
const primaryCode = (error: unknown): number | undefined => {
  const errcode = (error as { readonly errcode?: unknown } | undefined)?.errcode
  return typeof errcode === 'number' ? errcode & 0xff : undefined
}

/** Another connection holds the lock that this one needs: the same call may succeed in a moment. */
export const isBusy = (error: unknown): boolean => [5, 6].includes(primaryCode(error) ?? -1)

/** What is not SQLite's is passed through: it is a `QueueError` already, an abort reason, or a bug. */
export function mapError(queue: string, error: unknown): unknown {
  const primary = primaryCode(error)
  if (isQueueError(error) || primary === undefined) return error
  return new QueueError(codes[primary] ?? 'UNAVAILABLE', queue, `SQLite: ${(error as Error).message}`, { cause: error })
}
