import { minSplitUnits } from '@cachewarmer/core'
import type { HeldItems } from '../run/progress.ts'

/** What the decision needs to know of one run. */
export interface RunDemand {
  readonly run: string
  readonly outstandingItems: number
  readonly held: HeldItems
  readonly paused: boolean
  readonly maxWorkers: number | undefined
}

export interface FleetNow {
  /** What was wanted last. */
  readonly wanted: number
  /** Since anything was outstanding. */
  readonly idleForMs: number
  /** Since items waited that a worker without any could have taken, or might still have come. */
  readonly tailForMs: number
}

/**
 * How many workers there should be. Work asks for all that its ceilings allow (a split makes as many items as there are
 * workers, so items say nothing yet); at the tail of the work those that hold the last items are enough; without work
 * the fleet stays as it is for `idleMs`, then goes.
 */
export function workersWanted(
  runs: readonly RunDemand[],
  now: FleetNow,
  limits: { maxWorkers: number; idleMs: number; tailMs: number },
): number {
  const working = runs.filter(hasWork)
  if (working.length === 0) return now.idleForMs >= limits.idleMs ? 0 : now.wanted
  // A run is here twice for a moment where the lease of its job was lost and came back.
  const single = new Map(working.map((run) => [run.run, run])).values()
  const asked = [...single].reduce((sum, run) => sum + (run.maxWorkers ?? limits.maxWorkers), 0)
  const most = Math.min(limits.maxWorkers, asked)
  return now.tailForMs >= limits.tailMs ? Math.min(most, Math.max(1, workersAtWork(working).length)) : most
}

export const workersAtWork = (runs: readonly RunDemand[]): string[] => [
  ...new Set(runs.flatMap(({ held }) => held.workers)),
]

/** New items that wait for this long are no coincidence: they want their workers back. */
const growAgainMs = 5_000

/** How long the work has been at its tail: every outstanding item is held, and what is left in them is not worth a split. */
export class Tail {
  #runs: ReadonlySet<string> = new Set()
  #sinceMs: number | undefined
  #brokenAtMs: number | undefined

  see(runs: readonly RunDemand[], nowMs: number): number {
    const working = runs.filter(hasWork)
    const names = new Set(working.map(({ run }) => run))
    // A new run brings work for all.
    if ([...names].some((run) => !this.#runs.has(run))) this.#sinceMs = undefined
    this.#runs = names
    if (working.length > 0 && working.every(atTail)) {
      this.#sinceMs ??= nowMs
      this.#brokenAtMs = undefined
    } else {
      this.#brokenAtMs ??= nowMs
      if (nowMs - this.#brokenAtMs >= growAgainMs) this.#sinceMs = undefined
    }
    return this.#sinceMs === undefined ? 0 : nowMs - this.#sinceMs
  }
}

const hasWork = ({ outstandingItems, paused }: RunDemand): boolean => outstandingItems > 0 && !paused

const atTail = ({ outstandingItems, held }: RunDemand): boolean =>
  outstandingItems <= held.items && held.pending < minSplitUnits
