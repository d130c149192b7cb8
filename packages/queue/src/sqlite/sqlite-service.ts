import { DatabaseSync } from 'node:sqlite'
import { checkName, optionInvalid, queuesWith } from '../check.ts'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { QueueError } from '../errors.ts'
import { queueLimits } from '../limits.ts'
import type { QueueService } from '../transport.ts'
import { openPrivately, watchFile } from './database-file.ts'
import { type FileTime, fileTime } from './file-time.ts'
import { unfitFilesystem } from './filesystem.ts'
import { isBusy, mapError } from './map-error.ts'
import { prepareSchema } from './schema.ts'
import { sqliteQueue } from './sqlite-queue.ts'
import { prepareStatements } from './statements.ts'
import { openStore } from './store.ts'

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
    polling: { minMs: 20, maxMs: 500 },
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
