import type { RunStatus } from '@cachewarmer/core'
import { endCode, exitCode } from '@cachewarmer/service/cli'
import { renderReport, reportJson } from '@cachewarmer/service/report'
import { type Board, jsonBoard, liveBoard, plainBoard, watchJob } from '@cachewarmer/service/submit'
import type { Command } from '@commander-js/extra-typings'
import { type Act, inSession, type Session, target } from '../session.ts'

export const watchCommand = (program: Pick<Command, 'command'>, act: Act) =>
  program
    .command('watch')
    .description('show jobs live, a bar each and one for each address, until they have ended; then their reports')
    .argument('<job...>', target)
    .action((jobs) => act(inSession((session) => watch(session, jobs))))

/**
 * Shows jobs until all have ended, then their reports. On a terminal: bars of each job and of each address, drawn over and
 * over. Elsewhere: a line per job every few seconds. With `--json`: one line of JSON for every status. The exit code is the
 * worst of the jobs'. A first Ctrl-C ends the watching, and says so.
 */
async function watch(session: Session, targets: readonly string[]): Promise<number> {
  const { terminal, output, json } = session
  const { stderr, stdout } = terminal
  const names = [...new Set(targets)]
  using shutdown = terminal.listen()
  const over = new AbortController()
  const signal = AbortSignal.any([shutdown.stopTaking, over.signal])
  const statuses: RunStatus[] = []
  try {
    using board = json
      ? jsonBoard(stdout, stderr)
      : stderr.isTTY === true
        ? liveBoard(stderr, names)
        : plainBoard(stderr)
    const watching = names.map((name) => watchOne(session, board, name, signal))
    for (const status of await Promise.all(watching)) if (status !== undefined) statuses.push(status)
  } catch (error) {
    if (!shutdown.stopTaking.aborted) throw error
    output.note(`Stopped watching; ${names.length === 1 ? 'the job continues' : 'the jobs continue'}.`)
    return exitCode.interrupted
  } finally {
    // Where one can't be watched, the others are not either.
    over.abort(new Error('the watch is over'))
  }
  if (!json) for (const status of statuses) output.result(renderReport(status), reportJson(status))
  return statuses.length < names.length ? exitCode.failed : Math.max(...statuses.map(endCode))
}

/** The last status of a job; undefined for one that ended without any. */
async function watchOne(
  { service, prefix, terminal: { clock } }: Session,
  board: Board,
  name: string,
  signal: AbortSignal,
): Promise<RunStatus | undefined> {
  let last: RunStatus | undefined
  const onWaiting = board.waiting.bind(board, name)
  const onSilent = (): void =>
    board.note(`${name}: the manager has said nothing for a while; waiting for it, or for another.`)
  for await (const status of watchJob(service, prefix, { target: name }, { clock, signal, onWaiting, onSilent })) {
    if (last !== undefined && last.run !== status.run)
      board.note(`${name}: run ${status.run} takes over from ${last.run}`)
    board.show(name, status)
    last = status
  }
  return last
}
