import type { ComputePort } from './compute-port.ts'
import type { Cost } from './cost.ts'
import type { VmssError } from './errors.ts'
import { Keeper } from './keeper.ts'
import { type Clock, type Logger, silentLogger } from './ports.ts'
import type { Candidate, ScaleSetSettings } from './settings.ts'
import type { ScaleSetState } from './states.ts'

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
  /** Ends the waiting alone: Azure, and the fleet in the background, go on. */
  readonly signal?: AbortSignal
}

export interface WantOptions {
  /** Names or host names of machines whose workers have work: they go last. Default: nobody knows. */
  readonly working?: Iterable<string>
}

/**
 * One scale set that is made, kept at size and removed in the background. It touches Azure only after it was asked for
 * something, and never a set that another owner's tag is on. After a restart it finds what it owns and goes on from there.
 */
export interface ScaleSet extends AsyncDisposable {
  /**
   * Says how many machines there should be. Returns at once. Machines that Azure takes back are replaced, other sizes are
   * tried where it has none, and failures are tried again, until something else is wanted; 0 deletes the set.
   * Throws `OPTION_INVALID` for what is no whole number.
   */
  want(instances: number, options?: WantOptions): void
  /** What was last seen. Asks nobody. */
  observe(): ScaleSetView
  /**
   * `want()`, and returns when as many machines run. Throws what stands in the way when every size was tried or people
   * have to do something; the background goes on trying all the same. Calling again tries at once.
   */
  ensureCapacity(instances: number, options?: WaitOptions & WantOptions): Promise<ScaleSetView>
  /**
   * `want(0)`, and returns when Azure reports the set gone. Aborting only stops waiting: deletion goes on, and calling
   * again resumes the wait. Throws when people have to do something first.
   */
  ensureDeleted(options?: WaitOptions): Promise<'deleted' | 'absent'>
  /** Ends the background. The set stays as it is. */
  close(): Promise<void>
}

export interface ScaleSetPorts {
  readonly clock: Clock
  readonly logger?: Logger
}

export interface KeepOptions {
  /** How old what is known of a set may be: the pause between two reads while all is well. Default 10,000. */
  readonly readMs?: number
}

/** Opens the scale set of these settings. Nothing is asked of Azure before something is wanted. */
export function openScaleSet(
  port: ComputePort,
  settings: ScaleSetSettings,
  { clock, logger = silentLogger }: ScaleSetPorts,
  { readMs = 10_000 }: KeepOptions = {},
): ScaleSet {
  return new Keeper(port, settings, { clock, logger: logger.child({ scaleSet: settings.name }), readMs })
}
