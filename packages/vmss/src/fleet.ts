import type { Cost } from './cost.ts'
import { isVmssError } from './errors.ts'
import type { ScaleSet } from './scale-set.ts'
import type { Priority } from './settings.ts'

/** What runs workers, as a manager sees it. */
export interface Fleet {
  /**
   * Says how many workers there should be. Returns at once; starting and stopping go on in the background. Machines whose
   * host names are in `working` are the last to go.
   */
  want(workers: number, working?: Iterable<string>): void
  observe(): FleetState
  /** Ends all workers and returns when they are gone. */
  stop(): Promise<void>
}

export interface FleetState {
  readonly kind: 'vmss'
  readonly wanted: number
  readonly running: number
  /** What is asked for now. */
  readonly size: string
  readonly priority: Priority
  /** From the first machine of this stretch of work on. */
  readonly machineHours: number
  readonly cost?: Cost
  /** What stands in the way of more machines, while it does. */
  readonly problem?: string
  /** What people should know, newest last. */
  readonly notes: string[]
}

export interface FleetOptions {
  /** Ends the waiting of `stop()`, which then rejects with the reason; Azure goes on. Default: waits as long as it takes. */
  readonly signal?: AbortSignal
}

/**
 * A scale set as a fleet of workers, one on each machine. `stop()` throws when people have to do something before the set
 * can be deleted, and returns at once when the set of this name is somebody else's.
 */
export function scaleSetFleet(scaleSet: ScaleSet, options: FleetOptions = {}): Fleet {
  return {
    want: (workers, working = []) => scaleSet.want(workers, { working }),
    observe: () => {
      const { wanted, running, candidate, machineHours, cost, problem, notes } = scaleSet.observe()
      const known = { ...(cost ? { cost } : {}), ...(problem ? { problem: problem.message } : {}) }
      return { kind: 'vmss', wanted, running, ...candidate, machineHours, ...known, notes: [...notes] }
    },
    stop: async () => {
      try {
        await scaleSet.ensureDeleted(options.signal ? { signal: options.signal } : {})
      } catch (error) {
        if (!isVmssError(error) || error.code !== 'NOT_OURS') throw error
      } finally {
        await scaleSet.close()
      }
    },
  }
}
