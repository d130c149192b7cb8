import type { ScaleSetBody } from './body.ts'

/**
 * The few things that a scale set is asked for, in our words. Every call is one request (a list: one per page) and
 * fails with `VmssError`; nothing is tried again here. Aborting rejects with the signal's reason.
 */
export interface ComputePort {
  /** `undefined` when there is no set of this name. */
  find(name: string, options?: CallOptions): Promise<ObservedSet | undefined>
  /** The machines of the set; `undefined` when there is no set. */
  instances(name: string, options?: CallOptions): Promise<readonly ObservedInstance[] | undefined>
  /** Never changes a set that is there: that is `CONFLICT`. */
  create(name: string, body: ScaleSetBody, options?: CallOptions): Promise<Operation>
  /** Asks for this many machines; the new ones have the given size. */
  resize(
    name: string,
    to: { readonly capacity: number; readonly size: string },
    options?: CallOptions,
  ): Promise<Operation>
  /** The set's capacity goes down with each machine. */
  deleteInstances(name: string, ids: readonly string[], options?: CallOptions): Promise<Operation>
  delete(name: string, options?: CallOptions): Promise<Operation>
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

/** Something that Azure has begun and works on for minutes. */
export interface Operation {
  /** Settles when Azure reports the end. Aborting stops the waiting, for good; Azure continues. */
  finished(options?: CallOptions): Promise<void>
}

export interface ObservedSet {
  readonly state: SetState
  /** What Azure tries to have, and what new machines will be like. */
  readonly capacity: number
  readonly size: string
  readonly spot: boolean
  readonly acceleratedNetworking: boolean
  readonly tags: Readonly<Record<string, string>>
}

/** Azure's provisioning state. `failed`: the last change did not work out, what was there before is still there. */
export type SetState = 'creating' | 'updating' | 'deleting' | 'ready' | 'failed'

export interface ObservedInstance {
  /** The number that Azure deletes it by. */
  readonly id: string
  /** `<set>_<id>`, which Scheduled Events call it by. */
  readonly name: string
  /** The host name, once there is one. */
  readonly computerName: string | undefined
  readonly state: InstanceState
  /** Milliseconds since 1970. */
  readonly createdAtMs: number | undefined
}

/** `stopped`: shut down inside or deallocated, so it works no more but may still cost. */
export type InstanceState = 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'
