import type { Ceilings, Counts, Failure, FailurePart, ItemResult, Job, NamedHost, Outcome } from '@cachewarmer/core'

/** What the ledger remembers of one run of a job. */
export interface RunRecord {
  readonly run: string
  readonly jobMessageId: string
  readonly jobInsertedAtMs: number
  /** As it is run: with the addresses that its names stood for, once these are known. */
  readonly job: Job
  /** The hosts as they were submitted, in order; absent until names are resolved, and where there are none. */
  readonly hosts?: readonly NamedHost[] | undefined
  /** Tells whether another job asks for the same; absent in runs of an earlier version. */
  readonly specification?: string | undefined
  readonly warnings: readonly string[]
  readonly startedAtMs: number
  /** The same by the wall clock as it was set then; absent in runs of an earlier version. */
  readonly startedWallMs?: number | undefined
  /** 0 at first; 1 once the run was started over because items were lost. Names the root item. */
  readonly generation: number
  readonly rootSent: boolean
  readonly paused: boolean
  readonly revision: number
  readonly weight: number
  readonly ceilings: Ceilings
  readonly outcome?: Outcome | undefined
  readonly endedAtMs?: number | undefined
}

export type ResultOrPart = ItemResult | FailurePart

export interface RunTotals {
  readonly counts: Counts
  readonly announced: number
  readonly done: number
}

/** The item, attempt and part after which a page of failures begins. */
export interface FailurePosition {
  readonly item: string
  readonly attempt: string
  readonly part: number
}

export interface FailurePage {
  readonly failures: readonly Failure[]
  readonly next: FailurePosition | undefined
}

export interface EndedRun {
  readonly record: RunRecord
  readonly counts: Counts
}

/**
 * The manager's memory, kept where a crash can't reach it: every method is one transaction, on disk when it returns.
 * It alone decides that a run is over.
 */
export interface Ledger {
  /** Runs of the job message with this id, the latest first. Queues that were made anew may have given the id again. */
  runsOfJob(jobMessageId: string): readonly RunRecord[]
  run(run: string): RunRecord | undefined
  /** The runs that were added last, the latest first. */
  recentRuns(limit: number): readonly RunRecord[]
  /** Writes a new run with what it begins with announced: its root item, and the chunks of its list. */
  addRun(record: RunRecord): void
  update(
    run: string,
    change: Partial<
      Pick<RunRecord, 'job' | 'hosts' | 'warnings' | 'rootSent' | 'paused' | 'revision' | 'weight' | 'ceilings'>
    >,
  ): void
  /** Forgets what was counted and announces a new root, and the chunks of the list anew: the run starts over. */
  startOver(run: string): RunRecord
  /** Chunks of the run's list that were sent to the workers in this generation. */
  movedChunks(run: string, generation: number): readonly number[]
  noteMoved(run: string, generation: number, chunks: readonly number[]): void
  /** Folds results and parts of failures. Returns the attempts that were accepted just now. */
  fold(run: string, messages: readonly ResultOrPart[]): readonly ItemResult[]
  totals(run: string): RunTotals
  /** Failures of accepted attempts, in no promised order. */
  failures(run: string, limit: number): readonly Failure[]
  /** A few messages' worth of failures of accepted attempts, and where the next page begins; `next` is undefined at the end. */
  failuresFrom(run: string, from: FailurePosition | undefined): FailurePage
  /** Runs that have ended, the latest first, with what they counted. */
  endedRuns(limit: number): readonly EndedRun[]
  /** When the latest warm-up of this specification began that read everything. */
  lastWarmedMs(specification: string): number | undefined
  /** Remembered however old it is, unlike the run. */
  noteWarmed(specification: string, startedAtMs: number): void
  endRun(run: string, outcome: Outcome, endedAtMs: number): void
  /** Removes ended runs. */
  forgetBefore(endedBeforeMs: number): void
  /** A cancellation of a job that has not started, by label or message id. */
  noteCancelled(target: string, atMs: number): void
  isCancelled(targets: readonly string[]): boolean
  close(): void
}

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
