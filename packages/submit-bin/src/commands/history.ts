import type { RunStatus } from '@cachewarmer/core'
import { exitCode } from '@cachewarmer/service/cli'
import {
  bytes,
  count,
  duration,
  elapsedMs,
  printable,
  rates,
  reportJson,
  table,
  totalFailures,
} from '@cachewarmer/service/report'
import { goesBy, listRuns, unknownTarget } from '@cachewarmer/service/submit'
import type { Command } from '@commander-js/extra-typings'
import { type Act, inSession, type Session, target } from '../session.ts'

export const historyCommand = (program: Pick<Command, 'command'>, act: Act) =>
  program
    .command('history')
    .description('list the runs that have ended and are still kept, the latest first')
    .argument('[job]', `only those of one job: ${target}`)
    .action((job) => act(inSession((session) => history(session, job))))

const head = ['ENDED', 'JOB', 'OUTCOME', 'FILES', 'SIZE', 'FAILURES', 'TOOK', 'FILES/S', 'RUN']

/** The runs that have ended and are still kept, the latest first; those of one job alone where one is named. */
async function history(session: Session, job: string | undefined): Promise<number> {
  const { service, prefix, output } = session
  const { runs, unreadable } = await listRuns(service, prefix)
  const known = job === undefined ? runs : runs.filter((status) => goesBy(status, job))
  if (job !== undefined && known.length === 0) throw unknownTarget(job)
  const ended = known.filter(({ state }) => state === 'ended').sort((a, b) => (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0))
  const text =
    ended.length === 0
      ? 'No job has ended of late.'
      : table(
          [head, ...ended.map(row)],
          ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'right', 'left'],
        ).join('\n')
  output.result(text, ended.map(reportJson))
  for (const { run, reason } of unreadable) output.note(`warning: run ${run} can't be read: ${printable(reason)}`)
  return exitCode.ok
}

const row = (status: RunStatus): string[] => [
  new Date(status.endedAtMs ?? status.updatedAtMs).toISOString().slice(0, 16).replace('T', ' '),
  printable(status.label ?? status.jobMessageId),
  status.outcome ?? status.state,
  count(status.progress.counts.files),
  bytes(status.progress.counts.bytes),
  count(totalFailures(status)),
  duration(elapsedMs(status)),
  count(rates(status).files),
  status.run,
]
