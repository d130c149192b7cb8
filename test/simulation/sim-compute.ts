import {
  type ComputePort,
  type InstanceMetadata,
  type InstanceState,
  type MachineMetadata,
  type ObservedInstance,
  type Operation,
  ownerTag,
  type ScaleSetBody,
  type ScheduledEvent,
  type SetState,
  VmssError,
} from '@cachewarmer/vmss'
import type { Life } from './life.ts'
import type { Scenario } from './scenario.ts'
import type { Dice } from './seeded.ts'
import type { SimClock } from './sim-clock.ts'
import type { Tally } from './tally.ts'

/** A machine of the simulated cloud: one worker runs on it, from its start to its end. */
export interface SimMachine {
  readonly id: string
  readonly name: string
  readonly createdAtMs: number
  state: InstanceState
  readonly events: ScheduledEvent[]
  /** The process on it; undefined before it has started. */
  life: Life | undefined
  /** Ends the machine once the event is acknowledged or its time is over. */
  goAway: (() => void) | undefined
}

interface SimSet {
  readonly name: string
  readonly tags: Readonly<Record<string, string>>
  readonly spot: boolean
  state: SetState
  capacity: number
  size: string
  readonly machines: Map<string, SimMachine>
}

export interface SimComputeOptions {
  readonly sim: SimClock
  readonly dice: Dice
  readonly scenario: Scenario
  readonly tally: Tally
  /** Starts a worker on a machine that has come up. */
  readonly boot: (machine: SimMachine) => Life
}

/** The simulated cloud: scale sets whose machines come up, fail, are taken back and are deleted, all in their time. */
export class SimCompute {
  readonly #given: SimComputeOptions
  readonly #sets = new Map<string, SimSet>()
  #lastId = 0
  #machineMs = 0

  constructor(given: SimComputeOptions) {
    this.#given = given
  }

  get sets(): number {
    return this.#sets.size
  }

  get machines(): SimMachine[] {
    return [...this.#sets.values()].flatMap(({ machines }) => [...machines.values()])
  }

  /** Time that machines existed, which is what is paid for. */
  get machineMs(): number {
    return this.#machineMs
  }

  /** Azure takes a machine back: at once, or with thirty seconds of notice. */
  evict(machine: SimMachine, notice: boolean): void {
    const { tally } = this.#given
    tally.count(notice ? 'eviction with notice' : 'eviction without notice')
    if (notice) this.#announce(machine, 'Preempt', 30_000)
    else this.#remove(machine)
  }

  /** The compute API as one manager reaches it. */
  port(life: Life): ComputePort {
    const { sim, dice, scenario, tally } = this.#given
    const call = <T>(signal: AbortSignal | undefined, act: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        if (life.dead) return
        if (signal?.aborted) return reject(signal.reason as Error)
        const abort = (): void => reject(signal?.reason as Error)
        signal?.addEventListener('abort', abort, { once: true })
        const tell = (answer: () => void): void =>
          void sim.after(dice.between(20, 400), () =>
            life.hear(() => {
              signal?.removeEventListener('abort', abort)
              answer()
            }),
          )
        const hurt =
          scenario.faults.has('compute refuses') && sim.elapsedMs < scenario.faultsUntilMs && dice.chance(0.15)
        if (hurt) {
          tally.count('compute refuses')
          life.trouble()
        }
        const before = hurt && dice.chance(0.6)
        sim.after(dice.between(20, 400), () => {
          const code = dice.pick(['THROTTLED', 'UNAVAILABLE', 'NO_CAPACITY'] as const)
          const refusal = new VmssError(code, 'simulated', 'Azure does not want to')
          if (before) return tell(() => reject(refusal))
          try {
            const value = act()
            // It did what it was asked to, and the answer did not arrive.
            if (hurt) tell(() => reject(new VmssError('UNAVAILABLE', 'simulated', 'the answer was lost')))
            else tell(() => resolve(value))
          } catch (error) {
            tell(() => reject(error as Error))
          }
        })
      })
    return {
      find: (name, options) =>
        call(options?.signal, () => {
          const set = this.#sets.get(name)
          if (set === undefined) return undefined
          const { state, capacity, size, spot, tags } = set
          return { state, capacity, size, spot, tags, acceleratedNetworking: false }
        }),
      instances: (name, options) =>
        call(options?.signal, () => {
          const set = this.#sets.get(name)
          return set === undefined ? undefined : [...set.machines.values()].map(observed)
        }),
      create: (name, body, options) => call(options?.signal, () => this.#create(life, name, body)),
      resize: (name, to, options) =>
        call(options?.signal, () => {
          const set = this.#known(name)
          set.size = to.size
          set.capacity = to.capacity
          set.state = 'updating'
          return this.#grow(life, set)
        }),
      deleteInstances: (name, ids, options) =>
        call(options?.signal, () => {
          const set = this.#known(name)
          const going = ids.flatMap((id) => set.machines.get(id) ?? [])
          set.capacity -= going.length
          return this.#letGo(life, going, () => undefined)
        }),
      delete: (name, options) =>
        call(options?.signal, () => {
          const set = this.#known(name)
          set.state = 'deleting'
          return this.#letGo(life, [...set.machines.values()], () => this.#sets.delete(name))
        }),
    }
  }

  /** The metadata service of a machine. */
  metadata(machine: SimMachine, life: Life): InstanceMetadata {
    const { sim, dice } = this.#given
    const answer = <T>(act: () => T, signal?: AbortSignal): Promise<T> =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        const abort = (): void => reject(signal?.reason as Error)
        signal?.addEventListener('abort', abort, { once: true })
        sim.after(dice.between(1, 20), () =>
          life.hear(() => {
            signal?.removeEventListener('abort', abort)
            resolve(act())
          }),
        )
      })
    return {
      machine: (options) => answer(() => this.#metadataOf(machine), options?.signal),
      token: (_resource, options) => answer(() => 'simulated', options?.signal),
      scheduledEvents: (options) => answer(() => [...machine.events], options?.signal),
      acknowledge: (_id, options) => answer(() => machine.goAway?.(), options?.signal),
    }
  }

  /** The resource manager, as far as a machine asks it to be deleted. */
  fetch(machine: SimMachine): () => Promise<Response> {
    return () => {
      this.#given.tally.count('machines that deleted themselves')
      this.#given.sim.after(2_000, () => this.#remove(machine))
      return Promise.resolve(new Response('', { status: 202 }))
    }
  }

  #metadataOf(machine: SimMachine): MachineMetadata {
    const set = this.#setOf(machine)
    return {
      name: machine.name,
      subscriptionId: 'simulated',
      resourceGroup: 'simulated',
      location: 'westeurope',
      resourceId: `/machines/${machine.id}`,
      scaleSet: set?.name,
      cloud: 'AzurePublicCloud',
      tags: { [ownerTag]: set?.tags[ownerTag] ?? 'nobody' },
    }
  }

  #known(name: string): SimSet {
    const set = this.#sets.get(name)
    if (set === undefined) throw new VmssError('NOT_FOUND', name, 'there is no such scale set')
    if (set.state === 'deleting') throw new VmssError('CONFLICT', name, 'it is being deleted')
    return set
  }

  #create(life: Life, name: string, body: ScaleSetBody): Operation {
    if (this.#sets.has(name)) throw new VmssError('CONFLICT', name, 'it is there already')
    const { priority } = body.properties.virtualMachineProfile
    const set: SimSet = {
      name,
      tags: body.tags,
      spot: priority === 'Spot',
      state: 'creating',
      capacity: body.sku.capacity,
      size: body.sku.name,
      machines: new Map(),
    }
    this.#sets.set(name, set)
    return this.#grow(life, set)
  }

  /** Machines come up one by one; some never do. */
  #grow(life: Life, set: SimSet): Operation {
    const { sim, dice, scenario, tally } = this.#given
    let lastMs = 1_000
    while (set.machines.size < set.capacity) {
      const id = String(this.#lastId++)
      const machine: SimMachine = {
        id,
        name: `${set.name}_${id}`,
        createdAtMs: sim.nowMs,
        state: 'starting',
        events: [],
        life: undefined,
        goAway: undefined,
      }
      set.machines.set(id, machine)
      tally.count('machines made')
      const bootMs = dice.between(5_000, 40_000)
      lastMs = Math.max(lastMs, bootMs)
      const fails =
        scenario.faults.has('machine fails to start') && sim.elapsedMs < scenario.faultsUntilMs && dice.chance(0.2)
      sim.after(bootMs, () => {
        if (!set.machines.has(id)) return
        if (fails) tally.count('machine fails to start')
        machine.state = fails ? 'failed' : 'running'
        if (!fails) machine.life = this.#given.boot(machine)
      })
    }
    return this.#operation(life, lastMs + 500, () => {
      if (set.state === 'creating' || set.state === 'updating') set.state = 'ready'
    })
  }

  #letGo(life: Life, machines: readonly SimMachine[], then: () => void): Operation {
    for (const machine of machines) {
      // A machine that is up hears that it is to go; what has never started just goes.
      if (machine.state === 'running' && machine.life?.dead === false) this.#announce(machine, 'Terminate', 20_000)
      else this.#remove(machine)
    }
    return this.#operation(life, 25_000, then)
  }

  #operation(life: Life, ms: number, then: () => void): Operation {
    const { sim } = this.#given
    let isOver = false
    const waiting: (() => void)[] = []
    sim.after(ms, () => {
      then()
      isOver = true
      for (const tell of waiting) life.hear(tell)
    })
    return {
      finished: (options) =>
        new Promise((resolve, reject) => {
          if (isOver) return resolve()
          waiting.push(resolve)
          options?.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error), { once: true })
        }),
    }
  }

  #announce(machine: SimMachine, kind: 'Preempt' | 'Terminate', noticeMs: number): void {
    const { sim } = this.#given
    machine.goAway ??= () => this.#remove(machine)
    const notBeforeMs = sim.nowMs + noticeMs
    machine.events.push({ id: `${kind}-${machine.id}`, kind, machines: [machine.name], started: false, notBeforeMs })
    sim.after(noticeMs, () => this.#remove(machine))
  }

  #remove(machine: SimMachine): void {
    const set = this.#setOf(machine)
    if (set?.machines.get(machine.id) !== machine) return
    set.machines.delete(machine.id)
    this.#machineMs += this.#given.sim.nowMs - machine.createdAtMs
    machine.life?.kill()
  }

  #setOf(machine: SimMachine): SimSet | undefined {
    return [...this.#sets.values()].find(({ machines }) => machines.get(machine.id) === machine)
  }
}

const observed = ({ id, name, state, createdAtMs }: SimMachine): ObservedInstance => ({
  id,
  name,
  computerName: undefined,
  state,
  createdAtMs,
})
