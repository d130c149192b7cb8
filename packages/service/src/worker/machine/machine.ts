import { decodeStatus, isCoreError, Prefix } from '@cachewarmer/core'
import {
  type Clock,
  isQueueError,
  type Logger,
  orIfAbsent,
  type Queue,
  type QueueService,
  sleep,
} from '@cachewarmer/queue'
import {
  clouds,
  deleteThisMachine,
  type EndNotice,
  type Fetch,
  type InstanceMetadata,
  type MachineMetadata,
  ownerTag,
  untilEndNotice,
} from '@cachewarmer/vmss'

/**
 * Whether a manager wants workers here: one holds the leader's token, and a run is live. A run without a
 * manager is a run of one that died, and a manager without a run lets its workers go. Queues that fail show no sign.
 */
export async function managerWantsWorkers(
  service: QueueService,
  prefix: Prefix,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const token = service.queue(prefix.leader)
    // The leader keeps the token leased, which hides it.
    if ((await token.peek({ max: 1, signal })).length > 0) return false
    if ((await token.approximateDepth({ signal })) === 0) return false
    for (const queue of await service.list(prefix.runWork(''), { signal })) {
      const run = prefix.runOf(queue)
      if (run !== undefined && (await goesOn(service, prefix.runStatus(run), signal))) return true
    }
    return false
  } catch (error) {
    signal.throwIfAborted()
    if (isQueueError(error)) return false
    throw error
  }
}

async function goesOn(service: QueueService, statusQueue: string, signal: AbortSignal): Promise<boolean> {
  try {
    const [message] = await orIfAbsent(service.queue(statusQueue).peek({ max: 1, signal }), [])
    if (message === undefined) return false
    const { state } = decodeStatus(message.body)
    return state === 'running'
  } catch (error) {
    // Written by a newer manager, so there is one.
    if (isCoreError(error)) return true
    throw error
  }
}

/** The same service; `work` is called whenever something was taken from a queue, or is said in one. */
function notingService(inner: QueueService, work: () => void): QueueService {
  const noting = (queue: Queue): Queue => ({
    name: queue.name,
    polling: queue.polling,
    send: (body, options) => {
      work()
      return queue.send(body, options)
    },
    receive: async (options) => {
      const leases = await queue.receive(options)
      if (leases.length > 0) work()
      return leases
    },
    peek: (options) => queue.peek(options),
    approximateDepth: (options) => queue.approximateDepth(options),
  })
  return {
    limits: inner.limits,
    polling: inner.polling,
    queue: (name) => noting(inner.queue(name)),
    create: (name, options) => inner.create(name, options),
    delete: (name, options) => inner.delete(name, options),
    list: (prefix, options) => inner.list(prefix, options),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  }
}

export interface MachinePorts {
  readonly metadata: InstanceMetadata
  readonly service: QueueService
  readonly clock: Clock
  readonly logger: Logger
  /** Shuts this machine down, where Azure does not delete it. */
  readonly powerOff: () => Promise<void>
  /** How Azure's resource manager is reached. Default: the platform's. */
  readonly fetch?: Fetch | undefined
}

export interface MachineOptions {
  readonly prefix: string
  /** Time without work and without a manager that wants workers, after which the machine deletes itself. */
  readonly abandonedAfterMs: number
  /** How long handing back may take after a notice, before work is dropped. Default 6,000. */
  readonly handBackMs?: number | undefined
  /** Resource id of the identity to delete the machine with, where it has several. */
  readonly identityId?: string | undefined
  /** Where it is deleted. Default: the cloud that the machine is in. */
  readonly armEndpoint?: string | undefined
}

/** How the worker is stopped: the first call asks it to hand back, the second one drops what is left. */
export interface Stopping {
  readonly stopTaking: AbortSignal
  stop(reason: string): void
}

const lastPauseMs = 60_000
const acknowledgeMs = 2_000
/** How often a manager is looked for while nothing is heard of it. */
const looks = 30

/**
 * Stands beside a worker on a machine of Azure. When Azure says that it takes the machine away, the worker is stopped
 * within seconds; when no manager wants it any more, the worker is stopped and the machine deletes itself, because a machine
 * that only shuts down inside still costs. What goes wrong here is logged and never stops the worker.
 */
export class Machine {
  /** What the worker is to work with: its calls are the signs of work. */
  readonly service: QueueService
  readonly #ports: MachinePorts
  readonly #options: MachineOptions
  readonly #stopping: Stopping
  readonly #ended = new AbortController()
  readonly #watching: Promise<void>
  #workAtMs: number
  #machine: MachineMetadata | undefined
  #notice: EndNotice | undefined
  #abandoned = false

  constructor(ports: MachinePorts, options: MachineOptions, stopping: Stopping) {
    this.#ports = ports
    this.#options = options
    this.#stopping = stopping
    this.#workAtMs = ports.clock.now()
    this.service = notingService(ports.service, () => {
      this.#workAtMs = ports.clock.now()
    })
    this.#watching = this.#watch()
  }

  /** After the worker has handed everything back: lets Azure continue, or has it delete the machine. Never throws. */
  async finish(): Promise<void> {
    this.#ended.abort(workerEnded)
    await this.#watching
    const { metadata, clock, logger, powerOff, fetch } = this.#ports
    try {
      if (this.#notice !== undefined) {
        await metadata.acknowledge(this.#notice.id, { timeoutMs: acknowledgeMs })
      } else if (this.#abandoned && this.#machine !== undefined) {
        const { identityId, armEndpoint } = this.#options
        await deleteThisMachine(
          { metadata, clock, logger, powerOff, ...(fetch === undefined ? {} : { fetch }) },
          {
            machine: this.#machine,
            ...(identityId ? { identityId } : {}),
            ...(armEndpoint ? { cloud: { ...clouds.AzurePublicCloud, armEndpoint } } : {}),
          },
        )
      }
    } catch (error) {
      logger.warn('this machine could be neither acknowledged nor deleted', { error: String(error) })
    }
  }

  async #watch(): Promise<void> {
    const { logger } = this.#ports
    try {
      const machine = await this.#read()
      this.#machine = machine
      logger.info('on a machine of Azure', { machine: machine.name, scaleSet: machine.scaleSet })
      const ours = machine.scaleSet !== undefined && machine.tags[ownerTag] !== undefined
      if (!ours) logger.info('no machine of a scale set of ours: it is never deleted from here')
      await Promise.all([this.#untilNotice(machine), ...(ours ? [this.#untilAbandoned()] : [])])
    } catch (error) {
      if (error !== workerEnded) logger.error('the machine is not watched any more', { error: String(error) })
    }
  }

  /** The metadata service of a machine that has just booted may not be there yet. */
  async #read(): Promise<MachineMetadata> {
    const { metadata, clock, logger } = this.#ports
    for (let pauseMs = 1_000; ; pauseMs = Math.min(lastPauseMs, pauseMs * 2)) {
      try {
        return await metadata.machine({ signal: this.#ended.signal })
      } catch (error) {
        this.#ended.signal.throwIfAborted()
        logger.warn('this machine cannot be told', { error: String(error) })
      }
      await sleep(clock, pauseMs, this.#ended.signal)
    }
  }

  async #untilNotice({ name }: MachineMetadata): Promise<void> {
    const { metadata, clock, logger } = this.#ports
    const { signal } = this.#ended
    const notice = await untilEndNotice(metadata, { machine: name, clock, logger, signal })
    this.#notice = notice
    logger.warn('Azure takes this machine away', { event: notice.kind, notBeforeMs: notice.notBeforeMs })
    this.#stop(notice.kind)
    await sleep(clock, this.#options.handBackMs ?? 6_000, signal)
    this.#stopping.stop(notice.kind)
  }

  async #untilAbandoned(): Promise<void> {
    const { clock, logger, service } = this.#ports
    const { abandonedAfterMs } = this.#options
    const prefix = new Prefix(this.#options.prefix)
    const { signal } = this.#ended
    let signAtMs = clock.now()
    while (clock.now() - Math.max(signAtMs, this.#workAtMs) < abandonedAfterMs) {
      await sleep(clock, Math.max(1, Math.floor(abandonedAfterMs / looks)), signal)
      if (await managerWantsWorkers(service, prefix, signal)) signAtMs = clock.now()
    }
    logger.warn('no work, and no manager that wants workers: this machine goes', { afterMs: abandonedAfterMs })
    this.#abandoned = true
    this.#stop('abandonment')
  }

  /** A worker that is stopping already is left to it: a second call would drop its work. */
  #stop(reason: string): void {
    if (!this.#stopping.stopTaking.aborted) this.#stopping.stop(reason)
  }
}

const workerEnded = new Error('the worker ended')
