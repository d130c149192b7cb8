import type { FleetStatus } from '@cachewarmer/core'

/** What runs workers: processes on this machine, a scale set, or nothing where people start workers themselves. */
export interface Fleet {
  /**
   * Says how many workers there should be. Returns at once; starting and stopping go on in the background. Of machines,
   * those that `working` names by their host names are the last to go.
   */
  want(workers: number, working?: readonly string[]): void
  observe(): FleetStatus
  /** Ends all workers and returns when they are gone. */
  stop(): Promise<void>
}

/** Workers are started by somebody else. */
export const noFleet: Fleet = {
  want: () => undefined,
  observe: () => ({ kind: 'none', wanted: 0, running: 0, notes: [] }),
  stop: () => Promise.resolve(),
}
