import { decodeJob, decodeStatus, isCoreError, Prefix, type RunStatus } from '@cachewarmer/core'
import { type CallOptions, type Clock, orIfAbsent, type QueueService, sleep } from '@cachewarmer/queue'
import { SubmitError } from './errors.ts'

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
  const finder = new RunFinder(service, new Prefix(prefix), () => true)
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
 * Looks repeatedly for the wanted runs. A queue that turned out to be of another run is never
 * looked into again.
 */
export class RunFinder {
  readonly #service: QueueService
  readonly #names: Prefix
  readonly #wanted: (status: RunStatus) => boolean
  readonly #unreadable = new Map<string, UnreadableRun>()
  #others = new Set<string>()

  constructor(service: QueueService, names: Prefix, wanted: (status: RunStatus) => boolean) {
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
    const [message] = await orIfAbsent(this.#service.queue(name).peek({ max: 1, signal }), [])
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

/** A job that no manager has taken yet. */
export interface WaitingJob {
  readonly messageId: string
  /** Undefined where the job has none, or can't be read. */
  readonly label: string | undefined
  readonly insertedAtMs: number
}

export interface JobQueue {
  /** Jobs that can be seen, which is not all of them where more than a peek's worth wait. */
  readonly waiting: readonly WaitingJob[]
  /** Whether `waiting` is all. */
  readonly complete: boolean
  /** Approximate number of all jobs, those included that a manager holds. */
  readonly depth: number
}

/** Looks at the job queue; an empty one where it is missing. */
export async function lookAtJobs(service: QueueService, names: Prefix, signal?: AbortSignal): Promise<JobQueue> {
  const max = service.limits.maxPeek
  const queue = service.queue(names.job)
  const messages = await orIfAbsent(queue.peek({ max, signal }), [])
  const waiting = messages.map(({ id, body, insertedAtMs }) => ({ messageId: id, label: labelOf(body), insertedAtMs }))
  const depth = await orIfAbsent(queue.approximateDepth({ signal }), 0)
  return { waiting, complete: messages.length < max, depth }
}

function labelOf(body: string): string | undefined {
  try {
    return decodeJob(body).job.jobId
  } catch (error) {
    if (isCoreError(error)) return undefined
    throw error
  }
}

/** A job that goes by the name that was asked for. */
export interface Candidate {
  readonly messageId: string
  readonly insertedAtMs: number
  /** The latest run of the job; undefined while it waits in the queue. */
  readonly status: RunStatus | undefined
}

export interface Candidates {
  /** Those that have not ended first, and among them the latest submitted. */
  readonly jobs: readonly Candidate[]
  readonly queue: JobQueue
}

export interface LookOptions extends CallOptions {
  /** Lets the search look again for a while where a manager may just have taken the job. Default: it looks once. */
  readonly clock?: Clock | undefined
  /** How long it looks again. Default 3,000. */
  readonly patienceMs?: number | undefined
}

const pauseMs = 250

/** Everything that goes by a label, a run id or the id of a job message, one entry per job. */
export async function findCandidates(
  service: QueueService,
  names: Prefix,
  target: string,
  { clock, patienceMs = 3_000, signal }: LookOptions = {},
): Promise<Candidates> {
  const finder = new RunFinder(service, names, (status) => goesBy(status, target))
  const untilMs = clock === undefined ? 0 : clock.now() + patienceMs
  for (;;) {
    const queue = await lookAtJobs(service, names, signal)
    const jobs = gather(target, queue, await finder.look(signal))
    // A job that was just taken is no longer seen in the queue, and its run has no status yet.
    const isHeld = queue.depth > queue.waiting.length
    if (jobs.length > 0 || !isHeld || clock === undefined || clock.now() >= untilMs) return { jobs, queue }
    await sleep(clock, pauseMs, signal)
  }
}

function gather(target: string, queue: JobQueue, seen: readonly SeenStatus[]): Candidate[] {
  const jobs = new Map<string, Candidate>()
  for (const { messageId, label, insertedAtMs } of queue.waiting) {
    if (messageId === target || label === target) jobs.set(messageId, { messageId, insertedAtMs, status: undefined })
  }
  for (const { status } of seen) {
    const { jobMessageId: messageId, jobInsertedAtMs: insertedAtMs } = status
    const known = jobs.get(messageId)?.status
    if (known !== undefined && known.updatedAtMs > status.updatedAtMs) continue
    jobs.set(messageId, { messageId, insertedAtMs, status })
  }
  return [...jobs.values()].sort(liveFirst)
}

export const unknownTarget = (target: string): SubmitError =>
  new SubmitError('JOB_UNKNOWN', target, `${JSON.stringify(target)}: no run and no waiting job goes by this name`)

/** Whether a job waits or runs. */
export const isLive = ({ status }: Candidate): boolean => status?.state !== 'ended'

const liveFirst = (a: Candidate, b: Candidate): number =>
  Number(isLive(b)) - Number(isLive(a)) || b.insertedAtMs - a.insertedAtMs
