import { exitCode, type JobSettings, UsageError } from '@cachewarmer/service/cli'
import { plural } from '@cachewarmer/service/report'
import { findRun, type RetriedJob, retryRun } from '@cachewarmer/service/submit'
import { openReportFile } from './report-file.ts'
import type { Session } from './session.ts'
import { shellWord, statusCommand } from './shell.ts'
import { waitForJob } from './wait.ts'

export interface RetrySettings extends JobSettings {
  readonly retry: string
  readonly wait?: true | undefined
  readonly report?: string | undefined
}

/** What may be said of the new job; everything else is as the old one has it. */
const mayBeSaid = ['jobId', 'weight', 'maxBytesPerSecond', 'maxRequestsPerSecond', 'maxWorkers'] as const
const beside: readonly string[] = [...mayBeSaid, 'retry', 'wait', 'report']

/** Submits what failed in a run, through the addresses that it failed at. The worst exit code where several are waited for. */
export async function retry(session: Session, settings: RetrySettings): Promise<number> {
  checkTogether(settings)
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

function checkTogether({ wait, report, ...others }: RetrySettings): void {
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
