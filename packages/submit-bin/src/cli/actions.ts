import { exitCode } from '@cachewarmer/cli'
import { queueNames, type ReadJob } from '@cachewarmer/core'
import { plural, printable, renderReport, reportJson } from '@cachewarmer/report'
import { type ControlledJob, cancelJob, pauseJob, resumeJob } from '../control.ts'
import { listRuns } from '../runs.ts'
import { submitJob } from '../submit.ts'
import { findCandidates, unknownTarget } from '../target.ts'
import { lookAtJobs } from '../waiting.ts'
import { jobRows, type WaitingReport, waitingReport } from './job-table.ts'
import type { Session } from './session.ts'
import { shellWord, statusCommand } from './shell.ts'
import { endCode, waitForJob } from './wait.ts'

/** Each command's work: what it prints, and what the program exits with. */

interface Waiting {
  readonly wait?: true | undefined
}

export async function submit(
  session: Session,
  { job, warnings }: ReadJob,
  options: Waiting & { readonly labelled: boolean },
): Promise<number> {
  const { service, prefix, output, logger, terminal } = session
  for (const warning of warnings) output.note(`warning: ${warning}`)
  const submitted = await submitJob(service, prefix, job, options.labelled ? { random: terminal.random } : {})
  logger.debug('submitted', { ...submitted })
  const { jobId, messageId } = submitted
  if (options.wait) {
    output.note(`Submitted as ${shellWord(jobId)}.`)
    return waitForJob(session, { messageId }, jobId)
  }
  output.result(`Submitted as ${shellWord(jobId)}. To see how it goes on: ${statusCommand(jobId)}`, submitted)
  return exitCode.ok
}

export async function status(session: Session, target: string, options: Waiting): Promise<number> {
  const { service, prefix, output, terminal } = session
  if (options.wait) return waitForJob(session, { target }, target)
  const { jobs, queue } = await findCandidates(service, queueNames(prefix), target, { clock: terminal.clock })
  const [job, ...others] = jobs
  if (job === undefined) throw unknownTarget(target)
  if (others.length > 0) output.note(`${plural(jobs.length, 'job')} go by this name; this is ${job.messageId}`)
  if (job.status === undefined) {
    const waiting = queue.waiting.find(({ messageId }) => messageId === job.messageId)
    output.result('Waiting for a manager.', waiting === undefined ? null : waitingReport(waiting))
    return exitCode.ok
  }
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
