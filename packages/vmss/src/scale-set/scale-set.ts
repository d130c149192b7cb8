import type { Clock, Logger } from '@cachewarmer/queue'
import { isVmssError, type VmssError } from '../errors.ts'
import type { Cost } from './cost.ts'
import type { ScaleSetState } from './decide.ts'
import type { Candidate, Priority } from './settings.ts'

/** What is known of a scale set. Comes from the last look at Azure, 10 seconds old at most while there is a set. */
export interface ScaleSetView {
  readonly state: ScaleSetState
  /** What was last asked for, within the count of the settings. */
  readonly wanted: number
  readonly running: number
  readonly starting: number
  /** What is asked for, or would be next. */
  readonly candidate: Candidate
  /** Machine hours from the first machine on, until none was wanted any more. */
  readonly machineHours: number
  /** Of those hours; `undefined` where the price of some is not known. */
  readonly cost: Cost | undefined
  /** What stands in the way, while it does. */
  readonly problem: VmssError | undefined
  /** What people should know, newest last. */
  readonly notes: readonly string[]
}

export interface WaitOptions {
  /** Ends the waiting alone: Azure, and the fleet in the background, continue. */
  readonly signal?: AbortSignal | undefined
}

export interface WantOptions {
  /** Names or host names of machines whose workers have work: they go last. Default: unknown. */
  readonly working?: Iterable<string> | undefined
}

/**
 * One scale set that is made, kept at size and removed in the background. It touches Azure only after it was asked for
 * something, and never a set that another owner's tag is on. After a restart it finds what it owns and continues from there.
 */
export interface ScaleSet extends AsyncDisposable {
  /**
   * Says how many machines there should be. Returns at once. Machines that Azure takes back are replaced, other sizes are
   * tried where it has none, and failures are tried again, until something else is wanted; 0 deletes the set.
   * Throws `OPTION_INVALID` for what is no whole number.
   */
  want(instances: number, options?: WantOptions): void
  /** The last known state. Sends no request. */
  observe(): ScaleSetView
  /**
   * `want()`, and returns when as many machines run. Throws what stands in the way when every size was tried or people
   * have to do something; the background keeps trying. Calling again tries at once.
   */
  ensureCapacity(instances: number, options?: WaitOptions & WantOptions): Promise<ScaleSetView>
  /**
   * `want(0)`, and returns when Azure reports the set gone. Aborting only stops waiting: deletion continues, and calling
   * again resumes the wait. Throws when people have to do something first.
   */
  ensureDeleted(options?: WaitOptions): Promise<'deleted' | 'absent'>
  /** Ends the background. The set stays as it is. */
  close(): Promise<void>
}

export interface ScaleSetPorts {
  readonly clock: Clock
  readonly logger?: Logger | undefined
}

export interface KeepOptions {
  /** How old what is known of a set may be: the pause between two reads while all is well. Default 10,000. */
  readonly readMs?: number | undefined
}

/** What runs workers, as a manager sees it. */
export interface Fleet {
  /**
   * Says how many workers there should be. Returns at once; starting and stopping happen in the background. Machines whose
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
  /** Ends the waiting of `stop()`, which then rejects with the reason; Azure continues. Default: no bound. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A scale set as a fleet of workers, one on each machine. `stop()` throws when people have to do something before the set
 * can be deleted, and returns at once when the set of this name has another owner.
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
