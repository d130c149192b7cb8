import type { Failure, RunStatus } from '@cachewarmer/core'
import { endCode, exitCode, UsageError } from '@cachewarmer/service/cli'
import { reportPage, Timeline } from '@cachewarmer/service/page'
import { plural, printable, renderReport, reportJson, totalFailures } from '@cachewarmer/service/report'
import { isSubmitError, listFailures, progressView, type WatchedJob, watchJob } from '@cachewarmer/service/submit'
import type { Session } from './session.ts'

/** Options of the commands that may wait for a job. */
export interface Waiting {
  readonly wait?: true | undefined
  /** File for the report as a page. */
  readonly report?: string | undefined
}

/** A run's report as a page in a file, gathered from its statuses as they come. */
export interface ReportFile {
  see(status: RunStatus): void
  /** Writes the page of the last status that was seen. */
  finish(): Promise<void>
}

/** As many as a browser shows without ado. */
const listedFailures = 10_000
/** How long a manager may take to tell what failed: a report need not have it. */
const patienceMs = 15_000

const nothing: ReportFile = { see: () => undefined, finish: () => Promise.resolve() }

/**
 * Makes the file, empty, before anything else is done, so that a report that can't be written fails before the job runs.
 * Without a file nothing is gathered. Throws `UsageError` for one that can't be made.
 */
export async function openReportFile(
  session: Pick<Session, 'service' | 'prefix' | 'output' | 'terminal'>,
  file: string | undefined,
): Promise<ReportFile> {
  if (file === undefined) return nothing
  const { terminal } = session
  await terminal.writeFile(file, '').catch((error: unknown) => {
    throw new UsageError(`--report ${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  })
  let last: RunStatus | undefined
  let timeline = new Timeline()
  return {
    see: (status) => {
      // Another run of the job takes over, and begins anew.
      if (last !== undefined && last.run !== status.run) timeline = new Timeline()
      last = status
      const { files, bytes } = status.progress.counts
      timeline.add({ atMs: status.updatedAtMs, files, bytes, addresses: status.mounts })
    },
    finish: async () => {
      if (last === undefined) return
      const failures = await failuresOf(session, last)
      await terminal.writeFile(file, reportPage({ status: last, timeline: timeline.data(), failures }))
    },
  }
}

/** What a manager tells of the failures, beside the few that the status holds already; those alone where none does. */
async function failuresOf(
  { service, prefix, output, terminal }: Parameters<typeof openReportFile>[0],
  last: RunStatus,
) {
  const total = totalFailures(last)
  if (total <= last.failures.length) return last.failures
  const { clock, random } = terminal
  const found: Failure[] = []
  try {
    for await (const failure of listFailures(service, prefix, last.run, { clock, random, patienceMs })) {
      found.push(failure)
      if (found.length === listedFailures) break
    }
    return found
  } catch (error) {
    if (!isSubmitError(error)) throw error
    output.note(`warning: the report lists ${last.failures.length} of ${plural(total, 'failure')}: ${error.message}`)
    return last.failures
  }
}

/** A text as one word of a POSIX shell. What a terminal may not see is shown as `printable` does, and can't be pasted. */
export function shellWord(text: string): string {
  if (/^[\w.:@%+,/-]+$/.test(text)) return text
  // A backslash is a plain character between single quotes.
  const shown = text.split('\\').map(printable).join('\\')
  return `'${shown.replaceAll("'", "'\\''")}'`
}

/** The command that shows a job's progress. */
export const statusCommand = (job: string): string =>
  job.startsWith('-')
    ? `cachewarmer-submit status --wait -- ${shellWord(job)}`
    : `cachewarmer-submit status ${shellWord(job)} --wait`

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
    output.note(`Stopped waiting; the job continues. To see it again: ${statusCommand(name)}`)
    return exitCode.interrupted
  }
  // The watch ends with an ended run, and in no other way but throwing.
  if (last === undefined) return exitCode.failed
  await report.finish()
  output.result(renderReport(last), reportJson(last))
  return endCode(last)
}
