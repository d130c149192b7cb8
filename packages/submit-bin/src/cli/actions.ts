import { type Job, queueNames } from '@cachewarmer/core'
import { endCode, exitCode, UsageError } from '@cachewarmer/service/cli'
import { plural, printable, renderReport, reportJson } from '@cachewarmer/service/report'
import type { ListedPath } from '@cachewarmer/service/submit'
import {
  type ControlledJob,
  cancelJob,
  changeJob,
  findCandidates,
  type JobChange,
  listRuns,
  lookAtJobs,
  pauseJob,
  type ReadRequest,
  resumeJob,
  type SubmittedJob,
  submitJob,
  submitWithList,
  unknownTarget,
} from '@cachewarmer/service/submit'
import { jobRows, type WaitingReport, waitingReport } from './job-table.ts'
import { openReportFile } from './report-file.ts'
import type { Session } from './session.ts'
import { shellWord, statusCommand } from './shell.ts'
import { waitForJob } from './wait.ts'

/** Each command's work: what it prints, and what the program exits with. */

interface Waiting {
  readonly wait?: true | undefined
  /** A file for the report as a page. */
  readonly report?: string | undefined
}

export async function submit(
  session: Session,
  { job, warnings, listed }: ReadRequest,
  options: Waiting & { readonly labelled: boolean },
): Promise<number> {
  const { service, prefix, output, logger, terminal } = session
  if (options.report !== undefined && !options.wait)
    throw new UsageError('--report: there is no report before the job has ended; add --wait')
  const report = await openReportFile(session, options.report)
  for (const warning of warnings) output.note(`warning: ${warning}`)
  const labelling = options.labelled ? { random: terminal.random } : {}
  const submitted =
    listed === undefined ? await submitJob(service, prefix, job, labelling) : await submitListed(session, job, listed())
  if (submitted === undefined) return exitCode.interrupted
  logger.debug('submitted', { ...submitted })
  const { jobId, messageId } = submitted
  if (options.wait) {
    output.note(`Submitted as ${shellWord(jobId)}.`)
    return waitForJob(session, { messageId }, jobId, report)
  }
  output.result(`Submitted as ${shellWord(jobId)}. To see how it goes on: ${statusCommand(jobId)}`, submitted)
  return exitCode.ok
}

const listProgressMs = 5_000

/** Undefined where it was interrupted: the list is removed then, and no job was sent. */
async function submitListed(
  { service, prefix, output, terminal }: Session,
  job: Job,
  listed: AsyncIterable<readonly ListedPath[]>,
): Promise<SubmittedJob | undefined> {
  using shutdown = terminal.listen()
  const signal = shutdown.stopTaking
  let saidAtMs = terminal.clock.now()
  let sent = 0
  const onListed = (paths: number): void => {
    sent = paths
    if (terminal.clock.now() - saidAtMs < listProgressMs) return
    saidAtMs = terminal.clock.now()
    output.note(`Sending the list: ${plural(paths, 'path')} so far.`)
  }
  try {
    const submitted = await submitWithList(service, prefix, job, { listed, random: terminal.random, signal, onListed })
    output.note(`The list has ${plural(sent, 'path')}.`)
    return submitted
  } catch (error) {
    if (!signal.aborted) throw error
    output.note('Interrupted while the list was sent: there is no job.')
    return undefined
  }
}

export async function status(session: Session, target: string, options: Waiting): Promise<number> {
  const { service, prefix, output, terminal } = session
  const report = await openReportFile(session, options.report)
  if (options.wait) return waitForJob(session, { target }, target, report)
  const { jobs, queue } = await findCandidates(service, queueNames(prefix), target, { clock: terminal.clock })
  const [job, ...others] = jobs
  if (job === undefined) throw unknownTarget(target)
  if (others.length > 0) output.note(`${plural(jobs.length, 'job')} go by this name; this is ${job.messageId}`)
  if (job.status === undefined) {
    const waiting = queue.waiting.find(({ messageId }) => messageId === job.messageId)
    output.result('Waiting for a manager.', waiting === undefined ? null : waitingReport(waiting))
    return exitCode.ok
  }
  report.see(job.status)
  await report.finish()
  output.result(renderReport(job.status, { nowMs: terminal.clock.now() }), reportJson(job.status))
  return endCode(job.status)
}

export async function list({ service, prefix, output }: Session): Promise<number> {
  const queue = await lookAtJobs(service, queueNames(prefix))
  const { runs, unreadable } = await listRuns(service, prefix)
  const known = new Set(runs.map(({ jobMessageId }) => jobMessageId))
  const waiting = queue.waiting.filter(({ messageId }) => !known.has(messageId))
  const value: (WaitingReport | ReturnType<typeof reportJson>)[] = [
    ...waiting.map(waitingReport),
    ...runs.map(reportJson),
  ]
  output.result(jobRows(waiting, runs), value)
  if (!queue.complete) output.note(`More jobs wait than can be seen: about ${plural(queue.depth, 'job')} in the queue.`)
  for (const { run, reason } of unreadable) output.note(`warning: run ${run} can't be read: ${printable(reason)}`)
  return exitCode.ok
}

const controls = {
  cancel: { send: cancelJob, done: 'Asked the manager to cancel it.' },
  pause: { send: pauseJob, done: 'Asked the manager to pause it.' },
  resume: { send: resumeJob, done: 'Asked the manager to resume it.' },
} as const

export async function control(session: Session, command: keyof typeof controls, target: string): Promise<number> {
  const { service, prefix, output, terminal } = session
  const { send, done } = controls[command]
  const sent: ControlledJob = await send(service, prefix, target, { clock: terminal.clock })
  output.result(done, { command, ...sent })
  return exitCode.ok
}

type Ceiling = number | 'none' | undefined

interface Wish {
  readonly weight?: number | undefined
  readonly maxBytesPerSecond?: Ceiling
  readonly maxRequestsPerSecond?: Ceiling
  readonly maxWorkers?: Ceiling
}

/** What is wrong with the values is said before anything is looked up or sent. */
export async function change(session: Session, target: string, { weight, ...ceilings }: Wish): Promise<number> {
  const { service, prefix, output, terminal } = session
  const lifted = Object.entries(ceilings).map(([name, value]) => [name, value === 'none' ? null : value] as const)
  const wish: JobChange = { weight, ...Object.fromEntries(lifted) }
  const sent = await changeJob(service, prefix, target, wish, { clock: terminal.clock })
  output.result('Asked the manager to change it. Workers follow within seconds.', { command: 'change', ...sent })
  return exitCode.ok
}
