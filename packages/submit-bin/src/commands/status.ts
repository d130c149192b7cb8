import { Prefix } from '@cachewarmer/core'
import { endCode, exitCode } from '@cachewarmer/service/cli'
import { plural, renderReport, reportJson } from '@cachewarmer/service/report'
import { findCandidates, unknownTarget } from '@cachewarmer/service/submit'
import type { Command } from '@commander-js/extra-typings'
import { type Act, inSession, type Session, target } from '../session.ts'
import { openReportFile, type Waiting, waitForJob } from '../wait.ts'
import { waitingReport } from './list.ts'

export const statusOfJobCommand = (program: Pick<Command, 'command'>, act: Act) =>
  program
    .command('status')
    .description('show the report of a job, so far or final')
    .argument('<job>', target)
    .option('--wait', 'show progress until the job has ended')
    .option('--report <file>', 'write the report as a page, one HTML file that can be sent')
    .action((job, settings) => act(inSession((session) => status(session, job, settings))))

async function status(session: Session, name: string, options: Waiting): Promise<number> {
  const { service, prefix, output, terminal } = session
  const report = await openReportFile(session, options.report)
  if (options.wait) return waitForJob(session, { target: name }, name, report)
  const { jobs, queue } = await findCandidates(service, new Prefix(prefix), name, { clock: terminal.clock })
  const [job, ...others] = jobs
  if (job === undefined) throw unknownTarget(name)
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
