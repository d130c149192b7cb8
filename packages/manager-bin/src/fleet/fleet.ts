/** What runs workers: processes on this machine, a scale set, or nothing where people start workers themselves. */
export interface Fleet {
  /** Says how many workers there should be. Returns at once; starting and stopping go on in the background. */
  want(workers: number): void
  observe(): FleetState
  /** Ends all workers and returns when they are gone. */
  stop(): Promise<void>
}

export interface FleetState {
  readonly wanted: number
  readonly running: number
  /** What people should know, newest last: workers that die again and again, capacity that is not to be had. */
  readonly notes: readonly string[]
}

/** Workers are started by somebody else. */
export const noFleet: Fleet = {
  want: () => undefined,
  observe: () => ({ wanted: 0, running: 0, notes: [] }),
  stop: () => Promise.resolve(),
}
