import { Prefix, type RunStatus } from '@cachewarmer/core'
import { type Clock, isQueueError, type QueueService, sleep } from '@cachewarmer/queue'
import { SubmitError } from './errors.ts'
import { findCandidates, type JobQueue, lookAtJobs, RunFinder, type SeenStatus, unknownTarget } from './jobs.ts'

/** A queue service that stays away for longer is not waited for. */
const longestOutageMs = 600_000

/**
 * Makes calls that outlive an outage of the queue service: undefined while it is away. A service that was never
 * reached, neither here nor before (`reached`), and every other error throws at once.
 */
function outlivingOutages(
  clock: Clock,
  { reached = false }: { readonly reached?: boolean } = {},
): <T>(call: () => Promise<T>) => Promise<T | undefined> {
  let workedAtMs = reached ? clock.now() : Number.NEGATIVE_INFINITY
  return async (call) => {
    try {
      const result = await call()
      workedAtMs = clock.now()
      return result
    } catch (error) {
      if (isOutage(error) && clock.now() - workedAtMs < longestOutageMs) return undefined
      throw error
    }
  }
}

const isOutage = (error: unknown): boolean =>
  isQueueError(error) && (error.code === 'UNAVAILABLE' || error.code === 'THROTTLED')

/** The job to watch: by the id that `submitJob` gave, or by what people call it (label, run id or message id). */
export type WatchedJob = { readonly messageId: string } | { readonly target: string }

/** A job that no manager has taken yet. */
export interface WaitingPlace {
  /** Jobs in the queue that were submitted before this one. */
  readonly jobsBefore: number
}

export interface WatchOptions {
  readonly clock: Clock
  /** Ends the watch with `signal.reason`; the job continues. */
  readonly signal?: AbortSignal | undefined
  /** Pause between two looks. Default 1,000. */
  readonly intervalMs?: number | undefined
  /** The service was there a moment ago, as for who has just submitted: an outage is waited out from the beginning. */
  readonly reached?: boolean | undefined
  /** Called at each look that finds the job still waiting in the queue. */
  readonly onWaiting?: ((place: WaitingPlace) => void) | undefined
  /** Called once when the status has not changed for half a minute: the manager may have died. */
  readonly onSilent?: (() => void) | undefined
}

/** A status is missing for moments only, while it is rewritten or a manager takes a job that it has just leased. */
const goneAfterMs = 10_000
/** A manager that died with the job keeps it for a lease (a minute by default) before the next one may take it. */
const heldAfterMs = 180_000
/** A manager writes the status every second or so, also where nothing moves. */
const silentAfterMs = 30_000

/**
 * Yields the status of a job's run whenever it has changed, and returns once the run has ended. A job that waits yields
 * nothing; when a manager starts a new run of the job (its ledger was lost), that run takes over. Nothing is looked at
 * before the first `next()`. An outage of the queue service of up to ten minutes is waited out. Throws `SubmitError` with `JOB_UNKNOWN` for a target that nothing goes by, and `JOB_GONE`
 * for a job that has left the queue without any run that reports on it.
 */
export function watchJob(
  service: QueueService,
  prefix: string,
  job: WatchedJob,
  options: WatchOptions,
): AsyncGenerator<RunStatus, void, undefined> {
  return watch(service, new Prefix(prefix), job, options)
}

/** What one look finds of a job. */
type Sight =
  | { readonly kind: 'run'; readonly seen: SeenStatus }
  | { readonly kind: 'waiting'; readonly place: WaitingPlace }
  /** Neither in the queue nor in a run; `depth` jobs are in the queue, those included that a manager holds. */
  | { readonly kind: 'missing'; readonly depth: number }
  /** The queue service is away. */
  | { readonly kind: 'unknown' }

async function* watch(
  service: QueueService,
  names: Prefix,
  job: WatchedJob,
  options: WatchOptions,
): AsyncGenerator<RunStatus, void, undefined> {
  const { clock, signal, intervalMs = 1_000, reached = false, onWaiting, onSilent } = options
  const messageId = 'messageId' in job ? job.messageId : await resolve(service, names, job.target, options)
  const finder = new RunFinder(service, names, (status) => status.jobMessageId === messageId)
  const outlive = outlivingOutages(clock, { reached: reached || 'target' in job })
  const look = async (): Promise<Sight> => {
    const runs = await outlive(() => finder.look(signal))
    const seen = latest(runs ?? [])
    if (seen !== undefined) return { kind: 'run', seen }
    const queue = runs === undefined ? undefined : await outlive(() => lookAtJobs(service, names, signal))
    return queue === undefined ? { kind: 'unknown' } : placeIn(queue, messageId)
  }
  let shown: string | undefined
  let quietAtMs = Number.POSITIVE_INFINITY
  let missingAtMs = Number.POSITIVE_INFINITY
  for (;;) {
    signal?.throwIfAborted()
    const sight = await look()
    if (sight.kind === 'run' || sight.kind === 'waiting') missingAtMs = Number.POSITIVE_INFINITY
    if (sight.kind === 'waiting') onWaiting?.(sight.place)
    if (sight.kind === 'missing') {
      missingAtMs = Math.min(missingAtMs, clock.now())
      if (clock.now() - missingAtMs >= (sight.depth === 0 ? goneAfterMs : heldAfterMs)) throw gone(messageId, finder)
    }
    if (sight.kind === 'run' && sight.seen.body !== shown) {
      yield sight.seen.status
      if (sight.seen.status.state === 'ended') return
      shown = sight.seen.body
      quietAtMs = clock.now() + silentAfterMs
    } else if (sight.kind === 'run' && clock.now() >= quietAtMs) {
      onSilent?.()
      quietAtMs = Number.POSITIVE_INFINITY
    }
    await sleep(clock, intervalMs, signal)
  }
}

function placeIn({ waiting, depth }: JobQueue, messageId: string): Sight {
  const mine = waiting.find((job) => job.messageId === messageId)
  if (mine === undefined) return { kind: 'missing', depth }
  const jobsBefore = waiting.filter(({ insertedAtMs }) => insertedAtMs < mine.insertedAtMs).length
  return { kind: 'waiting', place: { jobsBefore } }
}

/** Of several runs of one job the one that was written last: an abandoned run's status stands still. */
const latest = (seen: readonly SeenStatus[]): SeenStatus | undefined =>
  seen.reduce<SeenStatus | undefined>(
    (best, one) => (best !== undefined && best.status.updatedAtMs > one.status.updatedAtMs ? best : one),
    undefined,
  )

/** The message of the job that goes by this name. */
async function resolve(
  service: QueueService,
  names: Prefix,
  target: string,
  { clock, signal }: WatchOptions,
): Promise<string> {
  const { jobs } = await findCandidates(service, names, target, { clock, signal, patienceMs: goneAfterMs })
  if (jobs[0] === undefined) throw unknownTarget(target)
  return jobs[0].messageId
}

function gone(messageId: string, { unreadable }: RunFinder): SubmitError {
  const hint =
    unreadable.length > 0
      ? `; ${unreadable.length} statuses could not be read, the first: ${unreadable[0]?.reason}`
      : " (a manager of the original CacheWarmer doesn't report)"
  return new SubmitError('JOB_GONE', messageId, `the job has left the queue, and no run reports on it${hint}`)
}
