import { type Counts, type Job, maxAdmitted, type Outcome, type RunStatus, saturatingSum } from '@cachewarmer/core'

type CountedJob = Pick<Job, 'addresses' | 'through' | 'mode' | 'allowEmpty'>

/**
 * What became of a run whose items are all done. Without a single file a filter or a path is mistyped, or a mount point
 * is not mounted, unless files are there that have merely not changed since the time that the job names.
 */
export function outcomeOf(job: CountedJob, counts: Counts): Outcome {
  const { files, failures, leftOut } = counts
  if (contradictionOf(job, counts) !== undefined) return 'completed with failures'
  if (Object.values(failures).some((count) => count > 0)) return 'completed with failures'
  const unchanged = leftOut?.modifiedSince ?? 0
  return files > 0 || unchanged > 0 || job.allowEmpty ? 'warmed' : 'nothing matched'
}

/**
 * How the counts of a run contradict themselves; undefined where they fit together. A worker's result is believed, but a
 * file counts as read only once it came through its addresses: where they count less than that, nothing is called warm.
 */
export function contradictionOf({ mode, through, addresses }: CountedJob, counts: Counts): string | undefined {
  if (mode !== 'data') return undefined
  const perAddress = addresses.map((address) =>
    Object.hasOwn(counts.mounts, address) ? counts.mounts[address] : undefined,
  )
  for (const what of ['files', 'bytes'] as const) {
    const each = perAddress.map((mount) => mount?.[what] ?? 0)
    const most = through === 'spread' ? each.reduce(saturatingSum, 0) : Math.min(...each)
    const contradicts = what === 'files' ? counts.files > most : counts.bytes > 0 && most === 0
    if (contradicts)
      return `results contradict themselves: ${counts[what]} ${what} counted as read, and ${most} through ${through === 'spread' ? 'all addresses together' : 'one of the addresses'}`
  }
  return undefined
}

/** How a run ends that has not come to its end: its workers stop as for a pause, and tell what they have read. */
export interface WindDown {
  readonly outcome: Extract<Outcome, 'cancelled' | 'lost'>
  readonly problem?: string | undefined
  readonly sinceMs: number
}

/** What workers see of where a run is: one that winds down looks paused to those that know nothing of that. */
export function stateOf(
  { outcome, paused }: { readonly outcome?: Outcome | undefined; readonly paused: boolean },
  windDown: WindDown | undefined,
): Pick<RunStatus, 'state' | 'ending'> {
  if (outcome !== undefined) return { state: 'ended' }
  if (windDown !== undefined) return { state: 'paused', ending: true }
  return { state: paused ? 'paused' : 'running' }
}

/** A worker looks at a status every two seconds, and is heard of as often. */
const quietMs = 4_000
/** Results of what is under way are waited for no longer, as behind an address that does not answer. */
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

/**
 * For how long a run has stood still and said nothing. Counted in looks, so that a manager that was stopped for a while,
 * or whose clock leapt, blames no worker.
 */
export class Stillness {
  #lastMoveAtMs: number
  #lastSignAtMs: number
  stillMs = 0
  silentMs = 0

  constructor({ lastMoveAtMs, lastSignAtMs }: Signs) {
    this.#lastMoveAtMs = lastMoveAtMs
    this.#lastSignAtMs = lastSignAtMs
  }

  /** `isExcused`: the run is as slow as it was asked to be. */
  look({ lastMoveAtMs, lastSignAtMs }: Signs, sinceMs: number, isExcused: boolean): void {
    this.stillMs = lastMoveAtMs === this.#lastMoveAtMs && !isExcused ? this.stillMs + sinceMs : 0
    this.silentMs = lastSignAtMs === this.#lastSignAtMs ? this.silentMs + sinceMs : 0
    this.#lastMoveAtMs = lastMoveAtMs
    this.#lastSignAtMs = lastSignAtMs
  }
}

interface Signs {
  /** When a byte last arrived. */
  readonly lastMoveAtMs: number
  /** When a worker last said anything. */
  readonly lastSignAtMs: number
}

/** No run waits for ever: one that stands still for too long is given up, and items of a silent one are searched for. */
export function nextAction(
  { stillMs, silentMs }: Pick<Stillness, 'stillMs' | 'silentMs'>,
  { stalledAfterMs, lostAfterMs }: { readonly stalledAfterMs: number; readonly lostAfterMs: number },
): 'give up' | 'search' | 'wait' {
  if (stillMs > stalledAfterMs) return 'give up'
  return silentMs > lostAfterMs ? 'search' : 'wait'
}

/**
 * What becomes of a run that lost items: undefined where it starts over, else why it is given up. Bodies of items are kept
 * in the queue alone, so a lost item costs a new walk from the first; the cache is warm by now.
 */
export function lossProblem(run: {
  readonly generation: number
  readonly outstanding: number
  readonly chunksLeft: number
}): string | undefined {
  if (run.chunksLeft > 0) return `${run.chunksLeft} messages of its list vanished from their queue: submit it again`
  return run.generation > 0 ? `${run.outstanding} items vanished from the work queue, twice` : undefined
}

/** Once as many workers as the ceiling allows hold items, the others are to leave the run alone. */
export function admittedOf(names: readonly string[], ceiling: number | undefined): Pick<RunStatus, 'admitted'> {
  if (ceiling === undefined || ceiling > maxAdmitted || names.length < ceiling) return {}
  return { admitted: names.slice(0, ceiling) }
}
