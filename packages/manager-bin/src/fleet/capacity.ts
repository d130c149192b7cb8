/** What the decision needs to know of one run. */
export interface RunDemand {
  readonly outstandingItems: number
  readonly paused: boolean
  readonly maxWorkers: number | undefined
}

/**
 * How many workers there should be. Work asks for all that its ceilings allow (a split makes as many items as there are
 * workers, so items say nothing yet); without work the fleet stays as it is for `idleMs`, then goes.
 */
export function workersWanted(
  runs: readonly RunDemand[],
  now: { wanted: number; idleForMs: number },
  limits: { maxWorkers: number; idleMs: number },
): number {
  const working = runs.filter((run) => run.outstandingItems > 0 && !run.paused)
  if (working.length === 0) return now.idleForMs >= limits.idleMs ? 0 : now.wanted
  const asked = working.reduce((sum, run) => sum + (run.maxWorkers ?? limits.maxWorkers), 0)
  return Math.min(limits.maxWorkers, asked)
}
