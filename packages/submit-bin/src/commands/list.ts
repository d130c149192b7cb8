import { Prefix, type RunStatus } from '@cachewarmer/core'
import { exitCode } from '@cachewarmer/service/cli'
import { bytes, count, plural, printable, reportJson, table, totalFailures } from '@cachewarmer/service/report'
import { listRuns, lookAtJobs, type WaitingJob } from '@cachewarmer/service/submit'
import type { Command } from '@commander-js/extra-typings'
import { type Act, inSession, type Session } from '../session.ts'

export const listCommand = (program: Pick<Command, 'command'>, act: Act) =>
  program
    .command('list')
    .description('list the jobs that wait, run, or have ended in the last days')
    .action(() => act(inSession(list)))

async function list({ service, prefix, output }: Session): Promise<number> {
  const queue = await lookAtJobs(service, new Prefix(prefix))
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

/** A waiting job for programs; `state` tells it from a run's report. */
interface WaitingReport {
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

/** One line per job. */
function jobRows(waiting: readonly WaitingJob[], runs: readonly RunStatus[]): string {
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
