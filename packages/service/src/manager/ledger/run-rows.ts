import type { StatementSync } from 'node:sqlite'
import {
  childOf,
  type FailurePart,
  type FamilyState,
  type ItemResult,
  type ItemState,
  type Job,
  type LedgerChange,
  type LedgerView,
  listItem,
  rootItem,
  saturatingSum,
} from '@cachewarmer/core'

/** What changes come to. */
export interface Tally {
  readonly accepted: ItemResult[]
  announced: number
}

export const newTally = (): Tally => ({ accepted: [], announced: 0 })

const noFamily: FamilyState = Object.freeze({ count: 0, done: 0 })

/** The rows of one run, which core's fold looks at and changes. `sql` prepares a statement, or has it prepared already. */
export class RunRows implements LedgerView {
  readonly #sql: (text: string) => StatementSync
  readonly #run: string

  constructor(sql: (text: string) => StatementSync, run: string) {
    this.#sql = sql
    this.#run = run
  }

  item(id: string): ItemState {
    const state = this.#sql('SELECT state FROM item WHERE run = ? AND item = ?').get(this.#run, id)?.['state']
    if (state === 'announced' || state === 'done') return state
    const child = childOf(id)
    const family = child === undefined ? noFamily : this.family(child.family)
    if (child === undefined || child.ordinal >= family.count) return state === undefined ? 'unknown' : 'waiting'
    // The rows of a family that is done are gone.
    return family.done >= family.count ? 'done' : 'announced'
  }

  family(name: string): FamilyState {
    const row = this.#sql('SELECT count, done FROM family WHERE run = ? AND family = ?').get(this.#run, name)
    return row === undefined ? noFamily : { count: Number(row['count']), done: Number(row['done']) }
  }

  waiting(id: string): ItemResult | undefined {
    const result = this.#sql('SELECT result FROM item WHERE run = ? AND item = ?').get(this.#run, id)?.['result']
    return typeof result === 'string' ? (JSON.parse(result) as ItemResult) : undefined
  }

  waitingOf(family: string, from: number, to: number): ItemResult[] {
    // Ordinals are compared here, so that results that keep waiting are neither read nor parsed.
    const rows = this.#sql(
      `SELECT result FROM item WHERE run = :run AND item > :family || '.' AND item < :family || '/'
       AND CAST(substr(item, length(:family) + 2) AS INTEGER) BETWEEN :first AND :last AND result IS NOT NULL`,
    ).all({ run: this.#run, family, first: from, last: to - 1 })
    return rows.map((row) => JSON.parse(String(row['result'])) as ItemResult)
  }

  partsHeld(item: string, attempt: string): number {
    const sql = 'SELECT count(*) AS held FROM part WHERE run = ? AND item = ? AND attempt = ?'
    return Number(this.#sql(sql).get(this.#run, item, attempt)?.['held'])
  }

  holdsPart(item: string, attempt: string, part: number): boolean {
    const sql = 'SELECT 1 FROM part WHERE run = ? AND item = ? AND attempt = ? AND part = ?'
    return this.#sql(sql).get(this.#run, item, attempt, part) !== undefined
  }

  /** Adds what the changes come to, to `tally`. */
  apply(changes: readonly LedgerChange[], tally: Tally = newTally()): Tally {
    for (const change of changes) this.#apply(change, tally)
    return tally
  }

  #apply(change: LedgerChange, tally: Tally): void {
    switch (change.change) {
      case 'begin':
        this.#sql(`INSERT INTO item(run, item, state) VALUES (?, ?, 'announced')`).run(this.#run, change.item)
        tally.announced += 1
        break
      case 'announce':
        tally.announced = saturatingSum(tally.announced, change.count - this.family(change.family).count)
        this.#sql(
          'INSERT INTO family(run, family, count, done) VALUES (?, ?, ?, 0) ON CONFLICT DO UPDATE SET count = excluded.count',
        ).run(this.#run, change.family, change.count)
        break
      case 'done':
        this.#done(change.item, change.attempt)
        tally.accepted.push(change.result)
        break
      case 'wait':
        this.#wait(change.result)
        break
      case 'parts':
        this.#addPart(change.part)
        break
      case 'unwait':
        this.#sql('UPDATE item SET result = NULL WHERE run = ? AND item = ?').run(this.#run, change.item)
        break
    }
  }

  #done(item: string, attempt: string): void {
    this.#sql(
      `INSERT INTO item(run, item, state, attempt) VALUES (?, ?, 'done', ?)
       ON CONFLICT DO UPDATE SET state = 'done', attempt = excluded.attempt, result = NULL`,
    ).run(this.#run, item, attempt)
    const family = childOf(item)?.family
    if (family === undefined) return
    const row = this.#sql(
      'UPDATE family SET done = done + 1 WHERE run = ? AND family = ? RETURNING done >= count AS complete',
    ).get(this.#run, family)
    if (row?.['complete'] !== 1) return
    // Only the failures of its children are ever asked for again.
    this.#sql(
      `DELETE FROM item WHERE run = :run AND item > :family || '.' AND item < :family || '/' AND state = 'done'
       AND NOT EXISTS (SELECT 1 FROM part WHERE part.run = :run AND part.item = item.item AND part.attempt = item.attempt)`,
    ).run({ run: this.#run, family })
  }

  /** A result may wait for the announcement of its item, for its parts, or for both: the item's state says which. */
  #wait(result: ItemResult): void {
    this.#sql(
      `INSERT INTO item(run, item, state, result) VALUES (?, ?, 'waiting', ?) ON CONFLICT DO UPDATE SET result = excluded.result`,
    ).run(this.#run, result.item, JSON.stringify(result))
  }

  #addPart(part: FailurePart): void {
    this.#sql('INSERT OR IGNORE INTO part(run, item, attempt, part, failures) VALUES (?, ?, ?, ?, ?)').run(
      this.#run,
      part.item,
      part.attempt,
      part.part,
      JSON.stringify(part.failures),
    )
  }
}

/** What a run begins with: the chunks of its list, and a root where it has paths to walk. */
export function firstItems({ job, generation }: { readonly job: Job; readonly generation: number }): LedgerChange[] {
  const list = childOf(listItem(0, generation))?.family ?? ''
  const chunks = job.list?.chunks ?? 0
  return [
    ...(job.paths.length === 0 ? [] : [{ change: 'begin', item: rootItem(generation) } as const]),
    ...(chunks === 0 ? [] : [{ change: 'announce', family: list, count: chunks } as const]),
  ]
}

/** Raised with every change of the tables; a file of another version is refused, never guessed at. */
export const schemaVersion = 2

export const schema = `
CREATE TABLE run(
  run TEXT PRIMARY KEY, job_message_id TEXT NOT NULL, record TEXT NOT NULL, counts TEXT NOT NULL,
  announced INTEGER NOT NULL, done INTEGER NOT NULL, ended_at INTEGER
) STRICT;
CREATE INDEX run_job ON run(job_message_id);
-- A family is announced as one row, however many children it has. Once all of them are done, their rows go.
CREATE TABLE family(run TEXT NOT NULL, family TEXT NOT NULL, count INTEGER NOT NULL, done INTEGER NOT NULL, PRIMARY KEY(run, family)) STRICT, WITHOUT ROWID;
-- The items that a run begins with are announced, then done; those of a family wait with a result kept aside, or are done.
CREATE TABLE item(run TEXT NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL, attempt TEXT, result TEXT, PRIMARY KEY(run, item)) STRICT, WITHOUT ROWID;
-- Parts of failures of every attempt; those of the accepted attempt count.
CREATE TABLE part(run TEXT NOT NULL, item TEXT NOT NULL, attempt TEXT NOT NULL, part INTEGER NOT NULL, failures TEXT NOT NULL, PRIMARY KEY(run, item, attempt, part)) STRICT, WITHOUT ROWID;
CREATE TABLE cancelled(target TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

/** Tables that came later and that an older version does without: a file of the same version gets them when it is opened. */
export const laterTables = `
-- When the latest complete warm-up of a specification began; kept when its run is forgotten.
CREATE TABLE IF NOT EXISTS warmed(specification TEXT PRIMARY KEY, started_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- Chunks of a run's list that are with the workers; forgotten when the run ends.
CREATE TABLE IF NOT EXISTS moved(run TEXT NOT NULL, generation INTEGER NOT NULL, chunk INTEGER NOT NULL, PRIMARY KEY(run, generation, chunk)) STRICT, WITHOUT ROWID;
`
