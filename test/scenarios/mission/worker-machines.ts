import { type QueueService, silentLogger } from '@cachewarmer/queue'
import { systemClock, systemRandom } from '@cachewarmer/service/cli'
import type { MachineHooks } from '@cachewarmer/vmss/testing'
import { folderAccess, runWorker } from '@cachewarmer/worker'

/** The queues and options that the machines of a scale set work with. */
interface Purpose {
  readonly prefix: string
  readonly template: string
  readonly leaseMs: number
}

interface Machine {
  readonly stop: AbortController
  readonly ended: Promise<unknown>
}

/** Machines that are workers of this process: a new one costs nothing, so that many managers can have theirs. */
export class WorkerMachines {
  /** By the name of the scale set. */
  readonly purposes: Map<string, Purpose> = new Map()
  readonly #machines = new Map<string, Machine>()
  #service: QueueService | undefined

  open(service: QueueService): void {
    this.#service = service
  }

  get running(): number {
    return this.#machines.size
  }

  readonly hooks: MachineHooks = {
    onInstanceStarted: ({ set, name }) => {
      const purpose = this.purposes.get(set)
      if (purpose === undefined || this.#service === undefined) throw new Error(`the purpose of ${set} is unknown`)
      const { prefix, template, leaseMs } = purpose
      const stop = new AbortController()
      const ended = runWorker(
        {
          service: this.#service,
          clock: systemClock,
          random: systemRandom,
          logger: silentLogger,
          openMount: folderAccess({ template, followLinks: true }),
        },
        { prefix, name, leaseMs },
        { stopTaking: stop.signal, abortWork: stop.signal },
      )
      this.#machines.set(name, { stop, ended })
    },
    onInstanceStopped: async ({ name }) => {
      const machine = this.#machines.get(name)
      machine?.stop.abort(new Error('the machine is gone'))
      await machine?.ended
      this.#machines.delete(name)
    },
  }

  /** Ends what is left. */
  async stop(): Promise<void> {
    for (const { stop } of this.#machines.values()) stop.abort(new Error('the test is over'))
    await Promise.all([...this.#machines.values()].map(({ ended }) => ended))
  }
}
