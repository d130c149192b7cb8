import { decodeFailureList, encodeControl, type Failure, makeId, Prefix, type RunStatus } from '@cachewarmer/core'
import { type Clock, type QueueService, type Random, sleep } from '@cachewarmer/queue'
import { SubmitError } from './errors.ts'
import { findCandidates, unknownTarget } from './jobs.ts'

export interface FailuresOptions {
  readonly clock: Clock
  /** Names the queue of the answer. */
  readonly random: Random
  readonly signal?: AbortSignal | undefined
  /** How long a manager may say nothing before it counts as away. Default 60,000. */
  readonly patienceMs?: number | undefined
}

const pollMs = 250
/** Long enough to take what was received; no other client receives from this queue. */
const leaseMs = 60_000
const messagesAtOnce = 16

/** The run that a person means, the latest where several go by the name. Throws `JOB_UNKNOWN`, or `JOB_WAITING` for a job without one. */
export async function findRun(
  service: QueueService,
  prefix: string,
  target: string,
  { clock, signal }: Pick<FailuresOptions, 'clock' | 'signal'>,
): Promise<RunStatus> {
  const { jobs } = await findCandidates(service, new Prefix(prefix), target, { clock, signal })
  const [job] = jobs
  if (job === undefined) throw unknownTarget(target)
  if (job.status !== undefined) return job.status
  throw new SubmitError(
    'JOB_WAITING',
    target,
    `${JSON.stringify(target)}: still waits in the queue, nothing was read yet`,
  )
}

/**
 * Every failure of a run, those so far of a running one: the manager sends them through a queue that is
 * removed at the end. Memory: a few messages. Throws `SubmitError` with `NO_ANSWER` where no manager answers, or the one
 * that does does not know the run any more.
 */
export async function* listFailures(
  service: QueueService,
  prefix: string,
  run: string,
  { clock, random, signal, patienceMs = 60_000 }: FailuresOptions,
): AsyncGenerator<Failure, void, undefined> {
  const names = new Prefix(prefix)
  const reply = makeId(random)
  const name = names.failed(reply)
  await service.create(name, { signal })
  try {
    await service.create(names.control, { signal })
    await service
      .queue(names.control)
      .send(encodeControl({ v: 1, command: 'failures', target: run, reply }), { signal })
    const parts = new Set<number>()
    let expected: number | undefined
    let untilMs = clock.now() + patienceMs
    while (expected === undefined || parts.size < expected) {
      const leases = await service.queue(name).receive({ max: messagesAtOnce, leaseMs, signal })
      if (leases.length === 0) {
        if (clock.now() > untilMs) throw noAnswer(run, 'no manager has answered')
        await sleep(clock, pollMs, signal)
        continue
      }
      untilMs = clock.now() + patienceMs
      for (const lease of leases) {
        const { part, last, failures, problem } = decodeFailureList(lease.body)
        if (problem !== undefined) throw noAnswer(run, problem)
        if (last) expected = part + 1
        const isNew = !parts.has(part)
        parts.add(part)
        // A list that is delivered twice counts once.
        if (isNew) yield* failures
        await lease.complete({ signal })
      }
    }
  } finally {
    await service.delete(name)
  }
}

const noAnswer = (run: string, why: string): SubmitError =>
  new SubmitError('NO_ANSWER', run, `the failures of run ${run} can't be told: ${why}`)
