import { type Control, CoreError, encodeControl, Prefix, type Problem, problem } from '@cachewarmer/core'
import type { CallOptions, Clock, QueueService } from '@cachewarmer/queue'
import { SubmitError } from './errors.ts'
import { type Candidate, findCandidates, isLive, unknownTarget } from './jobs.ts'

export interface ControlOptions extends CallOptions {
  /** Lets the search look again for three seconds where a manager may just have taken the job. Default: it looks once. */
  readonly clock?: Clock | undefined
}

/** The job that a command was sent for. */
export interface ControlledJob {
  readonly messageId: string
  /** `waiting`: no manager has taken it yet. `unseen`: too many jobs wait to see whether it is among them. */
  readonly where: 'running' | 'waiting' | 'unseen'
}

type Command = Exclude<Control['command'], 'failures'>
type Values = Pick<Control, 'ceilings' | 'weight'>

/**
 * Asks the manager to end a job: what was read stays read, the rest is not begun. `target` is a label, a run id or the
 * id of a job message. Returns once the wish is in the control queue; the status tells when it was granted. Throws
 * `SubmitError`: `JOB_UNKNOWN`, `JOB_AMBIGUOUS` or `JOB_ENDED`.
 */
export const cancelJob = (
  service: QueueService,
  prefix: string,
  target: string,
  options?: ControlOptions,
): Promise<ControlledJob> => control(service, prefix, target, { command: 'cancel' }, options)

/** As `cancelJob`, and the job can be resumed. `JOB_WAITING` for one that no manager has taken yet. */
export const pauseJob = (
  service: QueueService,
  prefix: string,
  target: string,
  options?: ControlOptions,
): Promise<ControlledJob> => control(service, prefix, target, { command: 'pause' }, options)

/** Resumes a paused job; a running one stays as it is. Throws as `pauseJob` does. */
export const resumeJob = (
  service: QueueService,
  prefix: string,
  target: string,
  options?: ControlOptions,
): Promise<ControlledJob> => control(service, prefix, target, { command: 'resume' }, options)

/** What to change of a running job. Left out: it stays as it is. `null`: no ceiling. */
export interface JobChange {
  /** Share of the workers among the runs, 1 to 100. */
  readonly weight?: number | undefined
  readonly maxBytesPerSecond?: number | null | undefined
  readonly maxRequestsPerSecond?: number | null | undefined
  readonly maxWorkers?: number | null | undefined
}

/**
 * Changes what a running job may use; workers follow within seconds. Throws `CoreError` `OPTION_INVALID` for a value that
 * is none, before anything is sent, and as `pauseJob` does.
 */
export async function changeJob(
  service: QueueService,
  prefix: string,
  target: string,
  change: JobChange,
  options?: ControlOptions,
): Promise<ControlledJob> {
  return control(service, prefix, target, { command: 'change', ...valuesOf(change) }, options)
}

const ceilingNames = ['maxBytesPerSecond', 'maxRequestsPerSecond', 'maxWorkers'] as const

function valuesOf({ weight, ...ceilings }: JobChange): Values {
  const problems: Problem[] = []
  const check = (field: string, value: unknown, most: number, expected: string): void => {
    const fits = Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= most
    if (!fits) problems.push(problem(field, value, expected))
  }
  if (weight !== undefined) check('weight', weight, 100, 'a whole number from 1 to 100')
  const changed: NonNullable<Control['ceilings']> = {}
  for (const name of ceilingNames) {
    const value = ceilings[name]
    if (value === undefined) continue
    if (value !== null) check(name, value, Number.MAX_SAFE_INTEGER, 'a whole number, 1 or more')
    // On the wire 0 lifts a ceiling; to people it is a mistake.
    changed[name] = value ?? 0
  }
  const isEmpty = weight === undefined && Object.keys(changed).length === 0
  if (isEmpty) problems.push({ field: 'change', value: 'nothing', expected: 'a weight or a ceiling' })
  if (problems.length > 0) throw new CoreError('OPTION_INVALID', problems)
  return {
    ...(weight === undefined ? {} : { weight }),
    ...(Object.keys(changed).length === 0 ? {} : { ceilings: changed }),
  }
}

async function control(
  service: QueueService,
  prefix: string,
  target: string,
  request: { readonly command: Command } & Values,
  { clock, signal }: ControlOptions = {},
): Promise<ControlledJob> {
  const names = new Prefix(prefix)
  const { jobs, queue } = await findCandidates(service, names, target, { clock, signal })
  // A label may be used again: the message's id says which job is meant, also when a new run takes over.
  const chosen = choose(request.command, target, jobs, queue.complete)
  const body = encodeControl({ v: 1, ...request, target: chosen.messageId })
  await service.create(names.control, { signal })
  await service.queue(names.control).send(body, { signal })
  return chosen
}

const past = { cancel: 'cancelled', pause: 'paused', resume: 'resumed', change: 'changed' } as const

function choose(command: Command, target: string, jobs: readonly Candidate[], complete: boolean): ControlledJob {
  const name = JSON.stringify(target)
  const live = jobs.filter(isLive)
  if (live.length > 1) {
    const which = live.map(({ messageId, status }) => `${messageId} (${status?.state ?? 'waiting'})`).join(', ')
    throw new SubmitError('JOB_AMBIGUOUS', target, `${name}: ${live.length} jobs go by this label; say which: ${which}`)
  }
  const [job] = live
  if (job === undefined) {
    const ended = jobs[0]?.status
    if (ended !== undefined) {
      throw new SubmitError(
        'JOB_ENDED',
        target,
        `${name}: there is nothing to ${command}, it has ended: ${ended.outcome}`,
      )
    }
    // The job may be beyond what a peek shows. Only a cancellation is remembered by the manager until the job comes up.
    if (!complete && command === 'cancel') return { messageId: target, where: 'unseen' }
    throw unknownTarget(target)
  }
  if (job.status === undefined && command !== 'cancel') {
    throw new SubmitError(
      'JOB_WAITING',
      target,
      `${name}: still waits in the queue; it can be cancelled, but not ${past[command]}`,
    )
  }
  return { messageId: job.messageId, where: job.status === undefined ? 'waiting' : 'running' }
}
