export type LedgerErrorCode =
  /** There is no room left under the file. */
  | 'FULL'
  /** Another process holds the file. */
  | 'BUSY'
  /** The file can't be opened, read or written. */
  | 'UNAVAILABLE'
  /** The file is no ledger, or one of another version, or on a filesystem that can't keep one. */
  | 'INVALID'
  /** The file was removed, replaced or damaged while it was open: nothing that is written to it is kept. */
  | 'LOST'

/** The one error of a ledger: nothing of the call that threw it was kept. Branch on `code`. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError'
  readonly code: LedgerErrorCode

  constructor(code: LedgerErrorCode, file: string, message: string, options?: ErrorOptions) {
    super(`ledger ${file}: ${message}`, options)
    this.code = code
  }
}

export const isLedgerError = (error: unknown): error is LedgerError =>
  error instanceof Error && error.name === 'LedgerError'

/** Primary result codes, https://www.sqlite.org/rescode.html. */
const codes: Readonly<Record<number, LedgerErrorCode>> = {
  3: 'UNAVAILABLE', // SQLITE_PERM
  5: 'BUSY', // SQLITE_BUSY
  6: 'BUSY', // SQLITE_LOCKED
  8: 'UNAVAILABLE', // SQLITE_READONLY
  10: 'UNAVAILABLE', // SQLITE_IOERR
  11: 'LOST', // SQLITE_CORRUPT
  13: 'FULL', // SQLITE_FULL
  14: 'UNAVAILABLE', // SQLITE_CANTOPEN
  26: 'INVALID', // SQLITE_NOTADB
}

/** What is not SQLite's is passed through: it is a mistake of ours. */
export function mapLedgerError(file: string, error: unknown): unknown {
  const errcode = (error as { readonly errcode?: unknown } | undefined)?.errcode
  // Extended codes keep the primary one in their low byte.
  const code = typeof errcode === 'number' ? codes[errcode & 0xff] : undefined
  return code === undefined ? error : new LedgerError(code, file, (error as Error).message, { cause: error })
}
