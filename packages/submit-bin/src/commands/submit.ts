import { fieldsThatDecide, type Job } from '@cachewarmer/core'
import { exitCode, type JobSettings, UsageError, withJobOptions } from '@cachewarmer/service/cli'
import { plural } from '@cachewarmer/service/report'
import {
  findRun,
  type ListedPath,
  type ReadRequest,
  type RetriedJob,
  readJob,
  retryRun,
  type SubmittedJob,
  submitJob,
  submitWithList,
} from '@cachewarmer/service/submit'
import type { Command } from '@commander-js/extra-typings'
import { type Act, type Session, withSession } from '../session.ts'
import { openReportFile, shellWord, statusCommand, type Waiting, waitForJob } from '../wait.ts'

/** The command that runs when no command is named. */
export const submitCommand = (program: Pick<Command, 'command'>, act: Act) =>
  withJobOptions(
    program
      .command('submit', { isDefault: true })
      .description('put a job in the queue; what is done when no command is named'),
  )
    .option(
      '--retry <job>',
      'warm what failed in this job, which has ended, and nothing else: each path through the addresses that it failed at',
    )
    .option('--wait', 'show progress until the job has ended, then its report; Ctrl-C stops the waiting alone')
    .option('--report <file>', 'with --wait: write the report as a page, one HTML file that can be sent')
    .action(({ retry: target, ...settings }) =>
      act(async (terminal, global) => {
        if (target !== undefined)
          return withSession(terminal, global, (session) => retry(session, { ...settings, retry: target }))
        // Before any queue is opened: a wrong job needs none to be refused.
        const job = await readJob(settings, terminal)
        return withSession(terminal, global, (session) =>
          submit(session, job, { ...settings, labelled: !global.inOriginalWords }),
        )
      }),
    )

async function submit(
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
  output.result(`Submitted as ${shellWord(jobId)}. To see its progress: ${statusCommand(jobId)}`, submitted)
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

type RetrySettings = JobSettings & {
  readonly retry: string
  readonly wait?: true | undefined
  readonly report?: string | undefined
}

/** What may be said of the new job; what is read is as the old one has it. */
const mayBeSaid = fieldsThatDecide('nothing read')
const beside: readonly string[] = [...mayBeSaid, 'retry', 'wait', 'report']

/** Submits what failed in a run, through the addresses that it failed at. The worst exit code where several are waited for. */
async function retry(session: Session, settings: RetrySettings): Promise<number> {
  checkRetry(settings)
  const { service, prefix, output, terminal } = session
  const report = await openReportFile(session, settings.report)
  const options = { clock: terminal.clock, random: terminal.random }
  const status = await findRun(service, prefix, settings.retry, options)
  if (status.outcome === 'cancelled' || status.outcome === 'lost')
    output.note(`warning: the run ended early (${status.outcome}): what it did not come to is no failure of it`)
  const jobs = await retryRun(service, prefix, status, {
    ...options,
    change: Object.fromEntries(mayBeSaid.flatMap((key) => (settings[key] === undefined ? [] : [[key, settings[key]]]))),
    onPlanned: (planned) => checkReport(settings, planned),
  })
  if (jobs.length === 0) {
    output.result(`Nothing failed in run ${status.run}: there is nothing to retry.`, [])
    return exitCode.ok
  }
  const said = jobs.map(({ jobId, paths, addresses }) => {
    return `Submitted ${plural(paths, 'path')} as ${shellWord(jobId)}, through ${addresses.join(', ')}.`
  })
  if (!settings.wait) {
    output.result(jobs.map(({ jobId }, at) => `${said[at]} To see it: ${statusCommand(jobId)}`).join('\n'), jobs)
    return exitCode.ok
  }
  for (const line of said) output.note(line)
  let worst: number = exitCode.ok
  for (const { messageId, jobId } of jobs) {
    const code = await waitForJob(session, { messageId }, jobId, report)
    if (code === exitCode.interrupted) return code
    worst = Math.max(worst, code)
  }
  return worst
}

function checkRetry({ wait, report, ...others }: RetrySettings): void {
  if (report !== undefined && !wait)
    throw new UsageError('--report: there is no report before the job has ended; add --wait')
  const [wrong] = Object.entries(others).filter(([key, value]) => value !== undefined && !beside.includes(key))
  if (wrong === undefined) return
  const option = wrong[0] === 'job' ? 'job' : wrong[0].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new UsageError(`--${option}: expected without --retry, which says what to warm`)
}

function checkReport({ report }: RetrySettings, jobs: readonly RetriedJob[]): void {
  if (report === undefined || jobs.length < 2) return
  const why = `paths failed at different addresses, which makes ${jobs.length} jobs`
  throw new UsageError(`--report: ${why}: retry without it, then write each one's with status`)
}
