import { isQueueError, QueueError, type QueueErrorCode } from '../errors.ts'

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
