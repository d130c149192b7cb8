/** A machine of a scale set, as Azure sees it. */
export interface Machine {
  readonly set: string
  /** Counts up from 0 in each set and never comes again. */
  readonly id: string
  /** `<set>_<id>`. */
  readonly name: string
  readonly computerName: string
  readonly size: string
  readonly priority: 'Spot' | 'Regular'
  readonly createdAtMs: number
  provisioning: 'Creating' | 'Succeeded' | 'Failed' | 'Deleting'
  power: 'starting' | 'running' | 'stopped' | undefined
}

/** What a test may do when machines come and go: start and stop a process, announce an event to it. */
export interface MachineHooks {
  /** The machine has booted. */
  onInstanceStarted?(machine: Machine): void | Promise<void>
  /** Azure waits for this before it takes a machine away, as it waits for the answer to a scheduled event. */
  onInstanceNotice?(machine: Machine, event: 'Terminate' | 'Preempt'): void | Promise<void>
  /** The machine is gone, whatever it was doing. */
  onInstanceStopped?(machine: Machine): void | Promise<void>
}

export const isGone = ({ provisioning }: Machine): boolean => provisioning === 'Deleting' || provisioning === 'Failed'
