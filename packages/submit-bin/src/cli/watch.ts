import { exitCode } from '@cachewarmer/cli'
import { type RunStatus, toWire } from '@cachewarmer/core'
import { printable, renderReport, reportJson } from '@cachewarmer/report'
import { progressParts } from '../progress/line.ts'
import { AddressRates, jobLines } from '../progress/live-board.ts'
import type { ProgressStream } from '../progress/view.ts'
import { watchJob } from '../watch.ts'
import type { Session } from './session.ts'
import { endCode } from './wait.ts'

/** Between two lines of one job where there is no terminal, by the statuses' own time. */
const plainEveryMs = 5_000

/**
 * Shows jobs until all have ended, then their reports. On a terminal: bars of each job and of each address, drawn over and
 * over. Elsewhere: a line a job every few seconds. With `--json`: one line of JSON for every status. The exit code is the
 * worst of the jobs'.
 */
export async function watch(session: Session, targets: readonly string[], json: boolean): Promise<number> {
  const { service, prefix, terminal, output } = session
  const { clock, stderr, stdout } = terminal
  using shutdown = terminal.listen()
  const signal = shutdown.stopTaking
  using board = json ? jsonLines(stdout) : stderr.isTTY === true ? liveBoard(stderr, targets) : plainLines(stderr)
  const watchOne = async (target: string): Promise<RunStatus | undefined> => {
    let last: RunStatus | undefined
    for await (const status of watchJob(service, prefix, { target }, { clock, signal })) {
      board.show(target, status)
      last = status
    }
    return last
  }
  let ended: (RunStatus | undefined)[]
  try {
    ended = await Promise.all(targets.map(watchOne))
  } catch (error) {
    if (!signal.aborted) throw error
    return exitCode.interrupted
  }
  board[Symbol.dispose]()
  if (!json)
    for (const status of ended) if (status !== undefined) output.result(renderReport(status), reportJson(status))
  return Math.max(...ended.map((status) => (status === undefined ? exitCode.failed : endCode(status))))
}

interface Board extends Disposable {
  show(name: string, status: RunStatus): void
}

const jsonLines = (stream: { write(text: string): unknown }): Board => ({
  show: (_name, status) => void stream.write(`${toWire(reportJson(status))}\n`),
  [Symbol.dispose]: () => undefined,
})

function plainLines(stream: ProgressStream): Board {
  const shown = new Map<string, { atMs: number; state: string }>()
  return {
    show(name, status) {
      const before = shown.get(name)
      if (before?.state === status.state && status.updatedAtMs - before.atMs < plainEveryMs) return
      shown.set(name, { atMs: status.updatedAtMs, state: status.state })
      stream.write(`${printable(name)}: ${progressParts(status).join(', ')}\n`)
    },
    [Symbol.dispose]: () => undefined,
  }
}

/** All jobs, each with its addresses; drawn in place, and taken away at the end. */
function liveBoard(stream: ProgressStream, names: readonly string[]): Board {
  const statuses = new Map<string, RunStatus>()
  const rates = new Map(names.map((name) => [name, new AddressRates()]))
  const lines = new Map(names.map((name) => [name, [] as string[]]))
  let drawn = 0
  const clear = (): string => (drawn === 0 ? '' : `\u001b[${drawn}A\r\u001b[J`)
  const draw = (): void => {
    const text = [...lines.values()].flat()
    stream.write(`${clear()}${text.map((line) => `${line}\n`).join('')}`)
    drawn = text.length
  }
  const render = (name: string): void => {
    const status = statuses.get(name)
    const known = status === undefined ? new Map() : (rates.get(name)?.after(status) ?? new Map())
    // The last column stays free: a full line makes some terminals wrap.
    lines.set(name, jobLines({ name, status }, known, (stream.columns || 80) - 1))
  }
  for (const name of names) render(name)
  draw()
  return {
    show(name, status) {
      statuses.set(name, status)
      render(name)
      draw()
    },
    [Symbol.dispose]() {
      if (drawn > 0) stream.write(clear())
      drawn = 0
    },
  }
}
