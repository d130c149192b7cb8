import type { RunStatus } from '@cachewarmer/core'
import { endCode, exitCode } from '@cachewarmer/service/cli'
import { renderReport, reportJson } from '@cachewarmer/service/report'
import { progressView, type WatchedJob, watchJob } from '@cachewarmer/service/submit'
import type { ReportFile } from './report-file.ts'
import type { Session } from './session.ts'
import { statusCommand } from './shell.ts'

/** Shows progress until the job has ended, then its report. A first Ctrl-C ends the waiting, and says so. */
export async function waitForJob(session: Session, job: WatchedJob, name: string, report: ReportFile): Promise<number> {
  const { service, prefix, output, terminal } = session
  const { clock } = terminal
  using shutdown = terminal.listen()
  const signal = shutdown.stopTaking
  let last: RunStatus | undefined
  try {
    using view = progressView(terminal.stderr)
    const onWaiting = view.waiting.bind(view)
    const onSilent = (): void => view.note('The manager has said nothing for a while; waiting for it, or for another.')
    // A job that goes by its message was submitted just now.
    const reached = 'messageId' in job
    for await (const status of watchJob(service, prefix, job, { clock, signal, reached, onWaiting, onSilent })) {
      if (last !== undefined && last.run !== status.run) view.note(`run ${status.run} takes over from ${last.run}`)
      view.show(status)
      report.see(status)
      last = status
    }
  } catch (error) {
    if (!signal.aborted) throw error
    output.note(`Stopped waiting; the job goes on. To see it again: ${statusCommand(name)}`)
    return exitCode.interrupted
  }
  // The watch ends with an ended run, and in no other way but throwing.
  if (last === undefined) return exitCode.failed
  await report.finish()
  output.result(renderReport(last), reportJson(last))
  return endCode(last)
}
