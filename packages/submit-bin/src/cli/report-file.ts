import type { Failure, RunStatus } from '@cachewarmer/core'
import { UsageError } from '@cachewarmer/service/cli'
import { reportPage, Timeline } from '@cachewarmer/service/page'
import { plural, totalFailures } from '@cachewarmer/service/report'
import { isSubmitError, listFailures } from '@cachewarmer/service/submit'
import type { Session } from './session.ts'

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
 * Makes the file, empty, before anything else is done, so that nobody waits for hours for a report that can't be written.
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
