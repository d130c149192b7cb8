import { type RunStatus, toWire } from '@cachewarmer/core'
import { printable, reportJson } from '../../report/index.ts'
import type { WaitingPlace } from '../watch.ts'
import { progressParts } from './line.ts'
import { AddressRates, boardLines, type WatchedStatus } from './live-board.ts'
import { type ProgressStream, waitingText } from './view.ts'

/** Shows several jobs at once. After its disposal it shows nothing more. */
export interface Board extends Disposable {
  show(name: string, status: RunStatus): void
  /** The job waits in the queue. */
  waiting(name: string, place: WaitingPlace): void
  /** A line that stays. */
  note(text: string): void
}

/** Between two lines of one job where there is no terminal, by the statuses' own time. */
const plainEveryMs = 5_000

/** One line of JSON for every status; notes go elsewhere. */
export const jsonBoard = (stream: { write(text: string): unknown }, notes: ProgressStream): Board => ({
  show: (_name, status) => void stream.write(`${toWire(reportJson(status))}\n`),
  waiting: () => undefined,
  note: (text) => void notes.write(`${printable(text)}\n`),
  [Symbol.dispose]: () => undefined,
})

/** A line a job every few seconds. */
export function plainBoard(stream: ProgressStream): Board {
  const shown = new Map<string, { atMs: number; state: string }>()
  const line = (text: string): void => void stream.write(`${text}\n`)
  return {
    show(name, status) {
      const before = shown.get(name)
      if (before?.state === status.state && status.updatedAtMs - before.atMs < plainEveryMs) return
      shown.set(name, { atMs: status.updatedAtMs, state: status.state })
      line(`${printable(name)}: ${progressParts(status).join(', ')}`)
    },
    waiting(name, place) {
      const text = `${printable(name)}: ${waitingText(place)}`
      if (shown.get(name)?.state === text) return
      shown.set(name, { atMs: Number.NEGATIVE_INFINITY, state: text })
      line(text)
    },
    note: (text) => line(printable(text)),
    [Symbol.dispose]: () => undefined,
  }
}

/**
 * All jobs with their addresses, drawn in place and taken away at the end. The cursor stays where it is visible, on the
 * line below, so that nothing has to be restored however the program ends.
 */
export function liveBoard(stream: ProgressStream, names: readonly string[]): Board {
  const jobs = new Map<string, WatchedStatus>(names.map((name) => [name, { name }]))
  const rates = new Map(names.map((name) => [name, new AddressRates()]))
  let drawn = 0
  let isOver = false
  const clear = (): string => (drawn === 0 ? '' : `\u001b[${drawn}A\r\u001b[J`)
  const draw = (above = ''): void => {
    if (isOver) return
    // The last column stays free: a full line makes some terminals wrap. So does the last row, where the cursor is.
    const lines = boardLines([...jobs.values()], (stream.columns || 80) - 1, (stream.rows || 24) - 1)
    stream.write(`${clear()}${above}${lines.map((line) => `${line}\n`).join('')}`)
    drawn = lines.length
  }
  draw()
  return {
    show(name, status) {
      jobs.set(name, { name, status, rates: rates.get(name)?.after(status) })
      draw()
    },
    waiting(name, place) {
      if (jobs.get(name)?.place?.jobsBefore === place.jobsBefore) return
      jobs.set(name, { name, place })
      draw()
    },
    note: (text) => draw(`${printable(text)}\n`),
    [Symbol.dispose]() {
      if (!isOver) stream.write(clear())
      isOver = true
    },
  }
}
