import { decodeStatus, isCoreError, type QueueNames, queueNames, type RunStatus } from '@cachewarmer/core'
import { type CallOptions, isQueueError, type PeekedMessage, type QueueService } from '@cachewarmer/queue'

/** A status that is there and can't be read: a newer manager's, or nothing of ours. */
export interface UnreadableRun {
  readonly run: string
  readonly reason: string
}

export interface RunListing {
  /** The latest submitted first. */
  readonly runs: readonly RunStatus[]
  readonly unreadable: readonly UnreadableRun[]
}

/** All runs that still have a status, ended ones included (a manager keeps them for a week). */
export async function listRuns(service: QueueService, prefix: string, options: CallOptions = {}): Promise<RunListing> {
  const finder = new RunFinder(service, queueNames(prefix), () => true)
  const runs = (await finder.look(options.signal)).map(({ status }) => status)
  return { runs: runs.sort(latestFirst), unreadable: finder.unreadable }
}

/** The runs whose label, run id or job message id is `target`, the latest submitted first. */
export async function findRuns(
  service: QueueService,
  prefix: string,
  target: string,
  options: CallOptions = {},
): Promise<readonly RunStatus[]> {
  const { runs } = await listRuns(service, prefix, options)
  return runs.filter((status) => goesBy(status, target))
}

/** Whether people may mean this run when they say `target`. */
export const goesBy = (status: RunStatus, target: string): boolean =>
  status.run === target || status.jobMessageId === target || status.label === target

const latestFirst = (a: RunStatus, b: RunStatus): number =>
  b.jobInsertedAtMs - a.jobInsertedAtMs || b.startedAtMs - a.startedAtMs

/** A status, and the text that it was read from. */
export interface SeenStatus {
  readonly body: string
  readonly status: RunStatus
}

/** Peeks that are under way at the same time: a week of runs is looked through in one go. */
const peeksAtOnce = 16

/**
 * Looks again and again for the runs that somebody cares about. A queue that turned out to be of another run is never
 * looked into again.
 */
export class RunFinder {
  readonly #service: QueueService
  readonly #names: QueueNames
  readonly #wanted: (status: RunStatus) => boolean
  readonly #unreadable = new Map<string, UnreadableRun>()
  #others = new Set<string>()

  constructor(service: QueueService, names: QueueNames, wanted: (status: RunStatus) => boolean) {
    this.#service = service
    this.#names = names
    this.#wanted = wanted
  }

  /** What could not be read so far. */
  get unreadable(): readonly UnreadableRun[] {
    return [...this.#unreadable.values()]
  }

  /** The wanted statuses that can be seen now. One that is rewritten at this moment may be missing. */
  async look(signal?: AbortSignal): Promise<readonly SeenStatus[]> {
    const listed = await this.#service.list(this.#names.runStatus(''), { signal })
    this.#others = new Set(listed.filter((name) => this.#others.has(name)))
    const queues = listed.filter((name) => this.#names.runOf(name) !== undefined && !this.#others.has(name))
    const seen: SeenStatus[] = []
    for (let at = 0; at < queues.length; at += peeksAtOnce) {
      const found = await Promise.all(queues.slice(at, at + peeksAtOnce).map((name) => this.#read(name, signal)))
      seen.push(...found.filter((one) => one !== undefined))
    }
    return seen
  }

  async #read(name: string, signal: AbortSignal | undefined): Promise<SeenStatus | undefined> {
    const [message] = await peekIfThere(this.#service, name, 1, signal)
    if (message === undefined) return undefined
    try {
      const status = decodeStatus(message.body)
      if (this.#wanted(status)) return { body: message.body, status }
    } catch (error) {
      if (!isCoreError(error)) throw error
      this.#unreadable.set(name, { run: this.#names.runOf(name) ?? name, reason: error.message })
    }
    this.#others.add(name)
    return undefined
  }
}

/** What can be seen in a queue; nothing where the queue is not there, or not there any more. */
export async function peekIfThere(
  service: QueueService,
  name: string,
  max: number,
  signal: AbortSignal | undefined,
): Promise<readonly PeekedMessage[]> {
  try {
    return await service.queue(name).peek({ max, signal })
  } catch (error) {
    if (isQueueError(error) && error.code === 'QUEUE_NOT_FOUND') return []
    throw error
  }
}
