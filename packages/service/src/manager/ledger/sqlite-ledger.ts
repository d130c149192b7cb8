import { dirname, isAbsolute, join, resolve } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import {
  addCounts,
  type Counts,
  emptyCounts,
  type Failure,
  fold,
  type ItemResult,
  type LedgerChange,
  saturatingSum,
} from '@cachewarmer/core'
import { openPrivately, unfitFilesystem, watchFile } from '@cachewarmer/queue/sqlite'
import {
  type EndedRun,
  type FailurePage,
  type FailurePosition,
  type Ledger,
  LedgerError,
  mapLedgerError,
  type ResultOrPart,
  type RunRecord,
  type RunTotals,
} from './ledger.ts'
import { firstItems, laterTables, newTally, RunRows, schema, schemaVersion, type Tally } from './run-rows.ts'

/** Parts of failures that are read from the file at a time; each was a message. */
const partsInPage = 16

/**
 * Opens the ledger in one SQLite file, made for its owner alone if it is not there; ':memory:' serves tests and
 * simulations. Throws a `LedgerError` that names the file where it can't be opened, belongs to another version, or lies on
 * a network filesystem; so does every call that can't be kept, as on a full disk or once the file was removed or
 * replaced, and then it has changed nothing.
 */
export function openLedger(file: string, unfit: typeof unfitFilesystem = unfitFilesystem): Ledger {
  try {
    // SQLite's own names for what is no file, or not only one.
    if (file === ':memory:' || file.startsWith('file:'))
      return new SqliteLedger(openDatabase(file), file, () => undefined)
    refuseNetwork(file, unfit)
    const database = openPrivately(file, () => openDatabase(file))
    return new SqliteLedger(database, file, watchFile(file))
  } catch (error) {
    throw mapLedgerError(file, error)
  }
}

/** As a queue file is: SQLite's log needs memory that all its readers share. */
function refuseNetwork(file: string, unfit: typeof unfitFilesystem): void {
  let name: string | undefined
  try {
    name = unfit(file)
  } catch {
    // SQLite says what is wrong with the folder.
    return
  }
  if (name === undefined) return
  throw new LedgerError('INVALID', file, `it must be on a local filesystem, not on ${name}: give another with --ledger`)
}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file)
  try {
    return prepare(database, file)
  } catch (error) {
    database.close()
    throw error
  }
}

function prepare(database: DatabaseSync, file: string): DatabaseSync {
  database.exec('PRAGMA busy_timeout = 1000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version === 0) database.exec(`BEGIN IMMEDIATE; ${schema} PRAGMA user_version = ${schemaVersion}; COMMIT`)
  else if (version !== schemaVersion) {
    const found = `it is of version ${version}, expected ${schemaVersion}; move it away to start a new one`
    throw new LedgerError('INVALID', file, found)
  }
  database.exec(laterTables)
  return database
}

class SqliteLedger implements Ledger {
  readonly #database: DatabaseSync
  readonly #file: string
  readonly #fate: ReturnType<typeof watchFile>
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync, file: string, fate: ReturnType<typeof watchFile>) {
    this.#database = database
    this.#file = file
    this.#fate = fate
  }

  runsOfJob(jobMessageId: string): readonly RunRecord[] {
    return this.#sql('SELECT record FROM run WHERE job_message_id = ? ORDER BY rowid DESC')
      .all(jobMessageId)
      .flatMap((row) => this.#record(row) ?? [])
  }

  run(run: string): RunRecord | undefined {
    return this.#record(this.#sql('SELECT record FROM run WHERE run = ?').get(run))
  }

  recentRuns(limit: number): readonly RunRecord[] {
    return this.#sql('SELECT record FROM run ORDER BY rowid DESC LIMIT ?')
      .all(limit)
      .flatMap((row) => this.#record(row) ?? [])
  }

  addRun(record: RunRecord): void {
    this.#transaction(() => {
      this.#sql('INSERT INTO run(run, job_message_id, record, counts, announced, done) VALUES (?, ?, ?, ?, 0, 0)').run(
        record.run,
        record.jobMessageId,
        JSON.stringify(record),
        JSON.stringify(emptyCounts()),
      )
      this.#applyAll(record.run, firstItems(record))
    })
  }

  update(run: string, change: Partial<RunRecord>): void {
    this.#transaction(() => this.#change(run, change))
  }

  startOver(run: string): RunRecord {
    return this.#transaction(() => {
      const known = this.run(run)
      const generation = (known?.generation ?? 0) + 1
      for (const table of ['item', 'family', 'part']) this.#sql(`DELETE FROM ${table} WHERE run = ?`).run(run)
      this.#sql('UPDATE run SET counts = ?, announced = 0, done = 0 WHERE run = ?').run(
        JSON.stringify(emptyCounts()),
        run,
      )
      if (known !== undefined) this.#applyAll(run, firstItems({ ...known, generation }))
      return this.#change(run, { generation, rootSent: false })
    })
  }

  movedChunks(run: string, generation: number): readonly number[] {
    return this.#sql('SELECT chunk FROM moved WHERE run = ? AND generation = ?')
      .all(run, generation)
      .map((row) => Number(row['chunk']))
  }

  noteMoved(run: string, generation: number, chunks: readonly number[]): void {
    this.#transaction(() => {
      for (const chunk of chunks)
        this.#sql('INSERT OR IGNORE INTO moved(run, generation, chunk) VALUES (?, ?, ?)').run(run, generation, chunk)
    })
  }

  fold(run: string, messages: readonly ResultOrPart[]): readonly ItemResult[] {
    return this.#transaction(() => {
      const rows = this.#rows(run)
      const tally = newTally()
      for (const message of messages) rows.apply(fold(rows, message), tally)
      this.#addTotals(run, tally)
      return tally.accepted
    })
  }

  totals(run: string): RunTotals {
    const row = this.#sql('SELECT counts, announced, done FROM run WHERE run = ?').get(run)
    if (row === undefined) return { counts: emptyCounts(), announced: 0, done: 0 }
    return {
      counts: JSON.parse(String(row['counts'])) as Counts,
      announced: Number(row['announced']),
      done: Number(row['done']),
    }
  }

  failures(run: string, limit: number): readonly Failure[] {
    const rows = this.#sql(
      `SELECT part.failures AS failures FROM part JOIN item ON item.run = part.run AND item.item = part.item AND item.attempt = part.attempt
       WHERE part.run = ? AND item.state = 'done' LIMIT ?`,
    ).all(run, limit)
    return rows.flatMap((row) => JSON.parse(String(row['failures'])) as Failure[]).slice(0, limit)
  }

  failuresFrom(run: string, from: FailurePosition | undefined): FailurePage {
    const { item, attempt, part } = from ?? { item: '', attempt: '', part: -1 }
    const rows = this.#sql(
      `SELECT part.item AS item, part.attempt AS attempt, part.part AS part, part.failures AS failures
       FROM part JOIN item ON item.run = part.run AND item.item = part.item AND item.attempt = part.attempt
       WHERE part.run = ? AND item.state = 'done' AND (part.item, part.attempt, part.part) > (?, ?, ?)
       ORDER BY part.item, part.attempt, part.part LIMIT ?`,
    ).all(run, item, attempt, part, partsInPage)
    const last = rows.length < partsInPage ? undefined : rows.at(-1)
    return {
      failures: rows.flatMap((row) => JSON.parse(String(row['failures'])) as Failure[]),
      next:
        last === undefined
          ? undefined
          : { item: String(last['item']), attempt: String(last['attempt']), part: Number(last['part']) },
    }
  }

  lastWarmedMs(specification: string): number | undefined {
    const row = this.#sql('SELECT started_at FROM warmed WHERE specification = ?').get(specification)
    return row === undefined ? undefined : Number(row['started_at'])
  }

  noteWarmed(specification: string, startedAtMs: number): void {
    this.#transaction(() =>
      this.#sql(
        'INSERT INTO warmed(specification, started_at) VALUES (?, ?) ON CONFLICT DO UPDATE SET started_at = max(started_at, excluded.started_at)',
      ).run(specification, Math.round(startedAtMs)),
    )
  }

  endedRuns(limit: number): readonly EndedRun[] {
    return this.#sql('SELECT record, counts FROM run WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT ?')
      .all(limit)
      .map((row) => ({
        record: JSON.parse(String(row['record'])) as RunRecord,
        counts: JSON.parse(String(row['counts'])) as Counts,
      }))
  }

  endRun(run: string, outcome: RunRecord['outcome'], endedAtMs: number): void {
    this.#transaction(() => {
      this.#change(run, { outcome, endedAtMs })
      this.#sql('UPDATE run SET ended_at = ? WHERE run = ?').run(Math.round(endedAtMs), run)
      this.#sql('DELETE FROM moved WHERE run = ?').run(run)
      this.#sql('DELETE FROM family WHERE run = ?').run(run)
      // Only the failures of an ended run are ever asked for again.
      this.#sql(
        `DELETE FROM item WHERE run = :run AND NOT EXISTS (SELECT 1 FROM part WHERE part.run = :run AND part.item = item.item AND part.attempt = item.attempt)`,
      ).run({ run })
    })
  }

  forgetBefore(endedBeforeMs: number): void {
    this.#transaction(() => {
      for (const row of this.#sql('SELECT run FROM run WHERE ended_at < ?').all(Math.round(endedBeforeMs))) {
        const run = String(row['run'])
        for (const table of ['item', 'family', 'part', 'run']) this.#sql(`DELETE FROM ${table} WHERE run = ?`).run(run)
      }
      this.#sql('DELETE FROM cancelled WHERE at < ?').run(Math.round(endedBeforeMs))
    })
  }

  noteCancelled(target: string, atMs: number): void {
    this.#transaction(() =>
      this.#sql('INSERT OR REPLACE INTO cancelled(target, at) VALUES (?, ?)').run(target, Math.round(atMs)),
    )
  }

  isCancelled(targets: readonly string[]): boolean {
    return targets.some((target) => this.#sql('SELECT 1 FROM cancelled WHERE target = ?').get(target) !== undefined)
  }

  close(): void {
    this.#database.close()
  }

  #applyAll(run: string, changes: readonly LedgerChange[]): void {
    this.#addTotals(run, this.#rows(run).apply(changes))
  }

  #rows(run: string): RunRows {
    return new RunRows((text) => this.#sql(text), run)
  }

  #addTotals(run: string, { accepted, announced }: Tally): void {
    if (accepted.length === 0 && announced === 0) return
    const known = this.totals(run)
    const counts = accepted.reduce((sum, result) => addCounts(sum, result.counts), known.counts)
    this.#sql('UPDATE run SET counts = ?, announced = ?, done = done + ? WHERE run = ?').run(
      JSON.stringify(counts),
      saturatingSum(known.announced, announced),
      accepted.length,
      run,
    )
  }

  #change(run: string, change: Partial<RunRecord>): RunRecord {
    const known = this.run(run)
    if (known === undefined) throw new Error(`the ledger knows no run ${run}`)
    const changed: RunRecord = { ...known, ...change }
    this.#sql('UPDATE run SET record = ? WHERE run = ?').run(JSON.stringify(changed), run)
    return changed
  }

  #record(row: Record<string, unknown> | undefined): RunRecord | undefined {
    return row === undefined ? undefined : (JSON.parse(String(row['record'])) as RunRecord)
  }

  #sql(text: string): StatementSync {
    let statement = this.#statements.get(text)
    if (statement === undefined) {
      statement = this.#database.prepare(text)
      this.#statements.set(text, statement)
    }
    return statement
  }

  #transaction<T>(action: () => T): T {
    try {
      const fate = this.#fate()
      if (fate !== undefined) throw new LedgerError('LOST', this.#file, `the file was ${fate} while it was open`)
      this.#database.exec('BEGIN IMMEDIATE')
      const outcome = action()
      this.#database.exec('COMMIT')
      return outcome
    } catch (error) {
      // SQLite has rolled back by itself where the disk is full; a second time would hide the reason.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw mapLedgerError(this.#file, error)
    }
  }
}

/** What a command line says of it. */
export interface LedgerOptions {
  readonly ledger?: string | undefined
  readonly queue?: string | undefined
}

/**
 * The ledger's file: as named, else beside a queue in a file, else in the state folder. That is systemd's
 * (`STATE_DIRECTORY`, systemd.exec(5), which may list several), else `cachewarmer` in the user's own
 * (`XDG_STATE_HOME` where absolute, else `~/.local/state`; XDG Base Directory Specification).
 */
export function ledgerFile(
  { ledger, queue }: LedgerOptions,
  prefix: string,
  environment: NodeJS.ProcessEnv,
  home: string,
): string {
  if (ledger !== undefined) return resolve(ledger)
  const file = queue?.startsWith('sqlite:') ? queue.slice('sqlite:'.length) : undefined
  const folder = file === undefined ? stateFolder(environment, home) : dirname(file)
  return resolve(folder, `${prefix}.ledger.db`)
}

function stateFolder(environment: NodeJS.ProcessEnv, home: string): string {
  const [systemd = ''] = (environment['STATE_DIRECTORY'] ?? '').split(':')
  if (isAbsolute(systemd)) return systemd
  const xdg = environment['XDG_STATE_HOME'] ?? ''
  return join(isAbsolute(xdg) ? xdg : join(home, '.local', 'state'), 'cachewarmer')
}
