import { UsageError } from '@cachewarmer/cli'
import type { RunStatus } from '@cachewarmer/core'
import { reportPage, Timeline } from '@cachewarmer/status-page'
import type { Terminal } from './terminal.ts'

/** A run's report as a page in a file, gathered from its statuses as they come. */
export interface ReportFile {
  see(status: RunStatus): void
  /** Writes the page of the last status that was seen. */
  finish(): Promise<void>
}

const nothing: ReportFile = { see: () => undefined, finish: () => Promise.resolve() }

/**
 * Makes the file, empty, before anything else is done, so that nobody waits for hours for a report that can't be written.
 * Without a file nothing is gathered. Throws `UsageError` for one that can't be made.
 */
export async function openReportFile(
  terminal: Pick<Terminal, 'writeFile'>,
  file: string | undefined,
): Promise<ReportFile> {
  if (file === undefined) return nothing
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
      if (last !== undefined)
        await terminal.writeFile(file, reportPage({ status: last, timeline: timeline.data(), failures: last.failures }))
    },
  }
}
