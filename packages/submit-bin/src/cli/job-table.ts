import type { RunStatus } from '@cachewarmer/core'
import { bytes, count, printable, table, totalFailures } from '@cachewarmer/service/report'
import type { WaitingJob } from '@cachewarmer/service/submit'

/** A waiting job for programs; `state` tells it from a run's report. */
export interface WaitingReport {
  readonly format: 1
  readonly state: 'waiting'
  readonly label: string | null
  readonly messageId: string
  readonly submittedAt: string
}

export const waitingReport = ({ messageId, label, insertedAtMs }: WaitingJob): WaitingReport => ({
  format: 1,
  state: 'waiting',
  label: label ?? null,
  messageId,
  submittedAt: new Date(insertedAtMs).toISOString(),
})

const head = ['JOB', 'STATE', 'FILES', 'SIZE', 'FAILURES', 'SUBMITTED', 'RUN']

/** One line a job. */
export function jobRows(waiting: readonly WaitingJob[], runs: readonly RunStatus[]): string {
  if (waiting.length + runs.length === 0) return 'No jobs.'
  const rows = [
    ...waiting.map(({ label, messageId, insertedAtMs }) => [
      printable(label ?? messageId),
      'waiting',
      '',
      '',
      '',
      minute(insertedAtMs),
      '',
    ]),
    ...runs.map((status) => [
      printable(status.label ?? status.jobMessageId),
      status.outcome ?? status.state,
      count(status.progress.counts.files),
      bytes(status.progress.counts.bytes),
      count(totalFailures(status)),
      minute(status.jobInsertedAtMs),
      status.run,
    ]),
  ]
  return table([head, ...rows], ['left', 'left', 'right', 'right', 'right', 'left', 'left']).join('\n')
}

/** 2026-01-31 08:00Z */
const minute = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/:\d\d\.\d+Z$/, 'Z')
