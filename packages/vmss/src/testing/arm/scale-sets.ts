import type { ArmFailure, Operations } from './operations.ts'

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
  /** The machine no longer exists; its work is lost. */
  onInstanceStopped?(machine: Machine): void | Promise<void>
}

const isGone = ({ provisioning }: Machine): boolean => provisioning === 'Deleting' || provisioning === 'Failed'

/** The parts of a body that the fake itself looks at; everything else is kept as it was sent. */
export interface SetBody {
  readonly location: string
  readonly tags?: Record<string, string>
  readonly sku: { readonly name: string; readonly tier?: string; readonly capacity: number }
  readonly properties: {
    readonly virtualMachineProfile?: { readonly priority?: 'Spot' | 'Regular'; readonly osProfile?: object }
  }
}

export interface FakeSet {
  readonly name: string
  body: SetBody
  state: 'Creating' | 'Updating' | 'Deleting' | 'Succeeded' | 'Failed'
  readonly machines: Map<string, Machine>
  nextId: number
}

export interface ScaleSetsOptions extends MachineHooks {
  /** How many machines Azure has of a size and priority. Default: no bound. */
  readonly capacity?: ((size: string, priority: 'Spot' | 'Regular') => number) | undefined
  /** Whether an eviction lowers the set's capacity. Default true. */
  readonly evictionLowersCapacity?: boolean | undefined
  /** Whether asking for the capacity that a set has already makes the machines that it lacks. Default true. */
  readonly refillsSameCapacity?: boolean | undefined
  readonly now: () => number
}

const allocationFailed: ArmFailure = {
  code: 'AllocationFailed',
  message:
    'Allocation failed. We do not have sufficient capacity for the requested VM size in this region. Read more about ' +
    'improving likelihood of allocation success at http://aka.ms/allocation-guidance',
}

/** The scale sets of one resource group, and what becomes of their machines. */
export class ScaleSets {
  readonly all: Map<string, FakeSet> = new Map()
  readonly #operations: Operations
  readonly #options: ScaleSetsOptions
  #nextFailure: ArmFailure | undefined

  constructor(operations: Operations, options: ScaleSetsOptions) {
    this.#operations = operations
    this.#options = options
  }

  /** The next operation fails with this when Azure is at it, long after it was accepted. */
  failLater(failure: ArmFailure): void {
    this.#nextFailure = failure
  }

  /** The set is there at once, its machines come later. */
  create(name: string, body: SetBody): string {
    const set: FakeSet = { name, body, state: 'Creating', machines: new Map(), nextId: 0 }
    this.all.set(name, set)
    return this.#fill(set)
  }

  /** Machines that are there stay as they are; new ones are like the set is now. */
  update(
    set: FakeSet,
    change: { readonly sku?: Partial<SetBody['sku']>; readonly tags?: Record<string, string> },
  ): string {
    const { sku, ...rest } = change
    const same = sku?.capacity === set.body.sku.capacity
    set.body = { ...set.body, ...rest, sku: { ...set.body.sku, ...sku } }
    set.state = 'Updating'
    return this.#fill(set, same && this.#options.refillsSameCapacity === false)
  }

  /** Work in progress ends with it. */
  delete(set: FakeSet): string {
    set.state = 'Deleting'
    for (const machine of set.machines.values()) machine.provisioning = 'Deleting'
    return this.#operations.begin(set.name, async () => {
      await Promise.all([...set.machines.values()].map((machine) => this.#take(set, machine, 'Terminate')))
      this.all.delete(set.name)
      return undefined
    })
  }

  /** Lowers the capacity at once, and takes the machines when they have been told. */
  deleteMachines(set: FakeSet, ids: readonly string[]): string {
    const machines = ids.flatMap((id) => set.machines.get(id) ?? [])
    for (const machine of machines) machine.provisioning = 'Deleting'
    set.state = 'Updating'
    set.body = { ...set.body, sku: { ...set.body.sku, capacity: set.body.sku.capacity - machines.length } }
    return this.#operations.begin(set.name, async () => {
      await Promise.all(machines.map((machine) => this.#take(set, machine, 'Terminate')))
      set.state = 'Succeeded'
      return this.#failure()
    })
  }

  /** Azure wants a Spot machine back. Without notice it is gone at once, as when its host dies. */
  async evict(set: FakeSet, id: string, options: { readonly notice?: boolean } = {}): Promise<void> {
    const machine = set.machines.get(id)
    if (!machine) throw new Error(`there is no machine ${id} in ${set.name}`)
    await this.#take(set, machine, options.notice ? 'Preempt' : undefined)
    if (this.#options.evictionLowersCapacity === false) return
    set.body = { ...set.body, sku: { ...set.body.sku, capacity: set.body.sku.capacity - 1 } }
  }

  /** Another client deletes the set. */
  async vanish(set: FakeSet): Promise<void> {
    this.#operations.preempt(set.name)
    this.all.delete(set.name)
    await Promise.all([...set.machines.values()].map((machine) => this.#take(set, machine, undefined)))
  }

  /** Makes as many machines as the set should have; what Azure has none for stays behind as failed. */
  #fill(set: FakeSet, lazy = false): string {
    const { sku, properties } = set.body
    const missing = lazy ? 0 : sku.capacity - [...set.machines.values()].filter((machine) => !isGone(machine)).length
    const fresh = Array.from({ length: Math.max(0, missing) }, () =>
      this.#machine(set, sku.name, properties.virtualMachineProfile?.priority ?? 'Regular'),
    )
    return this.#operations.begin(set.name, async () => {
      const failure = this.#failure()
      const started = fresh.filter((machine) => this.#allocate(machine, failure))
      await Promise.all(started.map(async (machine) => this.#options.onInstanceStarted?.(machine)))
      const late = failure ?? (started.length < fresh.length ? allocationFailed : undefined)
      set.state = late ? 'Failed' : 'Succeeded'
      return late
    })
  }

  #machine(set: FakeSet, size: string, priority: 'Spot' | 'Regular'): Machine {
    const id = String(set.nextId++)
    const computerName = `${set.name.slice(0, 9)}${id.padStart(6, '0')}`
    const createdAtMs = this.#options.now()
    const identity = { set: set.name, id, name: `${set.name}_${id}`, computerName, size, priority, createdAtMs }
    const machine: Machine = { ...identity, provisioning: 'Creating', power: undefined }
    set.machines.set(id, machine)
    return machine
  }

  /** Whether Azure has this machine; one that it has not is left behind as failed. */
  #allocate(machine: Machine, failure: ArmFailure | undefined): boolean {
    const { size, priority } = machine
    const used = [...this.all.values()]
      .flatMap((set) => [...set.machines.values()])
      .filter((other) => other.size === size && other.priority === priority && other.power !== undefined).length
    if (machine.provisioning !== 'Creating') return false
    if (failure || used >= (this.#options.capacity?.(size, priority) ?? Number.POSITIVE_INFINITY)) {
      machine.provisioning = 'Failed'
      return false
    }
    machine.provisioning = 'Succeeded'
    machine.power = 'running'
    return true
  }

  /** Asks the machine to go where there is notice, and then it is gone. */
  async #take(set: FakeSet, machine: Machine, notice: 'Terminate' | 'Preempt' | undefined): Promise<void> {
    const ran = machine.power === 'running'
    if (notice && ran) await this.#options.onInstanceNotice?.(machine, notice)
    if (!set.machines.delete(machine.id) || !ran) return
    machine.power = undefined
    await this.#options.onInstanceStopped?.(machine)
  }

  /** Used up by the operation that it meets. */
  #failure(): ArmFailure | undefined {
    const failure = this.#nextFailure
    this.#nextFailure = undefined
    return failure
  }
}
