import type { DatabaseSync } from 'node:sqlite'
import { type Clock, type MachineClock, steadyOf } from '../clock.ts'
import { inTransaction } from './schema.ts'

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
