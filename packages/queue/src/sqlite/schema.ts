import type { DatabaseSync } from 'node:sqlite'
import { optionInvalid } from '../port/check.ts'
import { type Clock, type MachineClock, steadyOf } from '../port/clock.ts'

/** `PRAGMA application_id` of a queue file, "CWq1" in ASCII, so that no other program's database is taken for one. */
const applicationId = 0x43577131

/**
 * One entry per version, never changed once released; `PRAGMA user_version` counts those applied.
 * `inserted_at` is the wall clock's time, `visible_at` and `expires_at` are the file's (`file-time.ts`); a message without
 * `expires_at` never expires. A receipt is the pair (id, deliveries).
 *
 * Version 2: a message is known by `uid`, which no other file ever gives to another message; `id` keeps the order. Messages
 * of version 1 have none, and keep the id by which ledgers know them. `visible_wall` and `expires_wall` are the times that
 * hold after a restart of the machine, by the wall clock: 0 for a lease, whose holder is gone then.
 */
const versions: readonly string[] = [
  `
  CREATE TABLE queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue INTEGER NOT NULL REFERENCES queue (id) ON DELETE CASCADE,
    body TEXT NOT NULL,
    deliveries INTEGER NOT NULL DEFAULT 0,
    inserted_at INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    expires_at INTEGER
  ) STRICT;
  CREATE INDEX message_visible ON message (queue, visible_at, id);
  CREATE INDEX message_expiry ON message (queue, expires_at) WHERE expires_at IS NOT NULL;
  `,
  `
  ALTER TABLE message ADD COLUMN uid TEXT;
  ALTER TABLE message ADD COLUMN visible_wall INTEGER;
  ALTER TABLE message ADD COLUMN expires_wall INTEGER;
  CREATE TABLE era (
    era INTEGER PRIMARY KEY CHECK (era = 1),
    boot TEXT NOT NULL,
    offset_ms INTEGER NOT NULL
  ) STRICT;
  `,
]

const pragma = (db: DatabaseSync, name: string): unknown => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]

/** Call it in a transaction: another process may be making the tables right now. */
function appliedVersions(db: DatabaseSync, file: string): number {
  const applied = Number(pragma(db, 'user_version'))
  const id = Number(pragma(db, 'application_id'))
  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n)
  const isNew = tables === 0 && applied === 0 && id === 0
  if (!isNew && id !== applicationId) {
    throw optionInvalid('sqlite', 'file', file, 'a queue file or a new one, not another database')
  }
  if (applied > versions.length) {
    const expected = `a queue file of version ${versions.length} or older, not of version ${applied}: a newer program wrote it`
    throw optionInvalid('sqlite', 'file', file, expected)
  }
  return applied
}

function inTransaction<T>(db: DatabaseSync, kind: 'DEFERRED' | 'IMMEDIATE', work: () => T): T {
  db.exec(`BEGIN ${kind}`)
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

/**
 * Settings that a connection needs, then the tables. Many processes may do this on one new file at once; one of them
 * may find the file locked, and is to try again.
 * FULL makes a commit outlast a power failure: what `send` has answered for is kept.
 */
export function prepareSchema(db: DatabaseSync, file: string, busyTimeoutMs: number): void {
  db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL`)
  // Looks before it writes anything, so that another program's database stays as it is.
  const applied = inTransaction(db, 'DEFERRED', () => appliedVersions(db, file))
  if (pragma(db, 'journal_mode') !== 'wal') db.exec('PRAGMA journal_mode = WAL')
  if (applied === versions.length) return
  inTransaction(db, 'IMMEDIATE', () => {
    for (const sql of versions.slice(appliedVersions(db, file))) db.exec(sql)
    db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${versions.length}`)
  })
}

/** The time of a queue file, in whole milliseconds; time that is asked for is never cut short. */
export interface FileTime {
  /** `ms` from now, by which leases, delays and expiry go. */
  in(ms: number): number
  /** `ms` from now by the wall clock. */
  wallIn(ms: number): number
}

const whole = (ms: number): number => Math.ceil(Math.min(ms, Number.MAX_SAFE_INTEGER))

/**
 * A file serves one machine, so its time runs with that machine's steady clock: setting the wall clock moves no lease
 * and no delay. It begins with the wall clock's time at the first opening after each start of the machine. Then leases are
 * void, as their holders are gone, and delays and expiry are taken from the wall clock, which alone runs while a machine is
 * off. Without a boot id the wall clock has to serve throughout.
 * Call it once the schema is there; may find the file locked, and is to be tried again then.
 */
export function fileTime(db: DatabaseSync, clock: Clock): FileTime {
  const wallIn = (ms: number): number => whole(clock.now() + ms)
  const machine = steadyOf(clock)
  if (machine === undefined) return { in: wallIn, wallIn }
  // Looks first, so that a file that others write to is opened without waiting for them.
  const offsetMs = eraOf(db, machine) ?? inTransaction(db, 'IMMEDIATE', () => eraOf(db, machine) ?? begin(db, machine))
  return { in: (ms) => whole(offsetMs + machine.steadyMs() + ms), wallIn }
}

const eraOf = (db: DatabaseSync, machine: MachineClock): number | undefined => {
  const row = db.prepare('SELECT offset_ms FROM era WHERE boot = ?').get(machine.bootId ?? '')
  return row === undefined ? undefined : Number(row['offset_ms'])
}

function begin(db: DatabaseSync, machine: MachineClock): number {
  const offsetMs = Math.round(machine.now() - machine.steadyMs())
  db.exec(`UPDATE message SET visible_at = coalesce(visible_wall, visible_at),
    expires_at = coalesce(expires_wall, expires_at)`)
  db.prepare('INSERT OR REPLACE INTO era (era, boot, offset_ms) VALUES (1, ?, ?)').run(machine.bootId ?? '', offsetMs)
  return offsetMs
}
