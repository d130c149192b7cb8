import { type QueueNames, queueNames, type RunStatus } from '@cachewarmer/core'
import { type Clock, isQueueError, type QueueService } from '@cachewarmer/queue'
import { SubmitError } from './errors.ts'
import {
  findCandidates,
  type JobQueue,
  lookAtJobs,
  RunFinder,
  type SeenStatus,
  unknownTarget,
  type WaitingJob,
} from './jobs.ts'

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
  return watch(service, queueNames(prefix), job, options)
}

async function* watch(
  service: QueueService,
  names: QueueNames,
  job: WatchedJob,
  options: WatchOptions,
): AsyncGenerator<RunStatus, void, undefined> {
  const { clock, signal, intervalMs = 1_000, reached = false, onWaiting, onSilent } = options
  const messageId = 'messageId' in job ? job.messageId : await resolve(service, names, job.target, options)
  const finder = new RunFinder(service, names, (status) => status.jobMessageId === messageId)
  const outlive = outlivingOutages(clock, { reached: reached || 'target' in job })
  let shown: string | undefined
  let quietAtMs = Number.POSITIVE_INFINITY
  let missingSinceMs: number | undefined
  for (;;) {
    signal?.throwIfAborted()
    const seen = await outlive(() => finder.look(signal))
    const now = latest(seen ?? [])
    const isMissing = seen !== undefined && now === undefined
    const queue = isMissing ? await outlive(() => lookAtJobs(service, names, signal)) : undefined
    if (now !== undefined) {
      missingSinceMs = undefined
      if (now.body !== shown) {
        yield now.status
        if (now.status.state === 'ended') return
        shown = now.body
        quietAtMs = clock.now() + silentAfterMs
      } else if (clock.now() >= quietAtMs) {
        onSilent?.()
        quietAtMs = Number.POSITIVE_INFINITY
      }
    } else if (queue !== undefined) {
      const mine = queue.waiting.find((other) => other.messageId === messageId)
      missingSinceMs = mine === undefined ? (missingSinceMs ?? clock.now()) : undefined
      if (mine !== undefined) onWaiting?.({ jobsBefore: jobsBefore(queue, mine) })
      else if (isGone(queue, clock.now() - (missingSinceMs ?? 0))) throw gone(messageId, finder)
    }
    await clock.sleep(intervalMs, signal)
  }
}

const jobsBefore = ({ waiting }: JobQueue, { insertedAtMs }: WaitingJob): number =>
  waiting.filter((other) => other.insertedAtMs < insertedAtMs).length

/** Whether a job that neither waits nor runs has been missing for so long that it won't come back. */
const isGone = ({ depth }: JobQueue, missingMs: number): boolean =>
  missingMs >= (depth === 0 ? goneAfterMs : heldAfterMs)

/** Of several runs of one job the one that was written last: an abandoned run's status stands still. */
const latest = (seen: readonly SeenStatus[]): SeenStatus | undefined =>
  seen.reduce<SeenStatus | undefined>(
    (best, one) => (best !== undefined && best.status.updatedAtMs > one.status.updatedAtMs ? best : one),
    undefined,
  )

/** The message of the job that goes by this name. */
async function resolve(
  service: QueueService,
  names: QueueNames,
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
