import type { Counts, Outcome, RunStatus } from '@cachewarmer/core'

/** How a run ends that has not come to its end: its workers stop as for a pause, and tell what they have read. */
export interface WindDown {
  readonly outcome: Extract<Outcome, 'cancelled' | 'lost'>
  readonly problem?: string | undefined
  readonly sinceMs: number
}

/** A worker looks at a status every two seconds, and is heard of as often. */
const quietMs = 4_000
/** Nobody waits longer for the results of what is under way, as behind an address that does not answer. */
const longestMs = 10_000

/** Whether a run that winds down ends now: no worker holds an item of it as far as is known, or the time is over. */
export function isWoundDown(
  { sinceMs }: WindDown,
  now: { readonly nowMs: number; readonly heldItems: number },
): boolean {
  const forMs = now.nowMs - sinceMs
  // A clock that went back says nothing of how long it has been.
  if (forMs < 0 || forMs >= longestMs) return true
  return forMs >= quietMs && now.heldItems === 0
}

type Read = Pick<Counts, 'files' | 'bytes'>

/** The most that a run has shown: what workers told of, and did not report in the end, was read all the same. */
export const mostOf = (a: Read, b: Read): Read => ({
  files: Math.max(a.files, b.files),
  bytes: Math.max(a.bytes, b.bytes),
})

/** Of a run that ended early: what was shown of it, and is in no result. */
export function unreportedOf(outcome: Outcome | undefined, shown: Read, counts: Read): Pick<RunStatus, 'unreported'> {
  if (outcome !== 'cancelled' && outcome !== 'lost') return {}
  const unreported = { files: shown.files - counts.files, bytes: shown.bytes - counts.bytes }
  return unreported.files + unreported.bytes > 0 ? { unreported } : {}
}
