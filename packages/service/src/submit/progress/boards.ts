import { type RunStatus, toWire } from '@cachewarmer/core'
import { printable, reportJson } from '../../report/index.ts'
import type { WaitingPlace } from '../watch.ts'
import {
  AddressRates,
  boardLines,
  fit,
  progressLine,
  progressParts,
  type WatchedStatus,
  waitingText,
} from './live-board.ts'

/** Where progress goes: standard error, or anything that takes text. */
export interface ProgressStream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

export interface ProgressView extends Disposable {
  show(status: RunStatus): void
  /** The job waits in the queue. */
  waiting(place: WaitingPlace): void
  /** A line that stays. */
  note(text: string): void
  /** Takes the bar away. Nothing is left behind: the cursor was never hidden. */
  end(): void
}

const clearLine = '\r\u001b[K'

/** A bar that is drawn over and over on a terminal; elsewhere a line every few seconds, so that logs stay short. */
export function progressView(stream: ProgressStream): ProgressView {
  return stream.isTTY === true ? terminalView(stream) : plainView(stream)
}

function terminalView(stream: ProgressStream): ProgressView {
  let drawn = ''
  const draw = (line: string): void => {
    // The last column stays free: a full line makes some terminals wrap.
    if (line !== drawn) stream.write(`${clearLine}${line}`)
    drawn = line
  }
  const room = (): number => (stream.columns || 80) - 1
  const end = (): void => draw('')
  return {
    show: (status) => draw(progressLine(status, room())),
    waiting: (place) => draw(fit([waitingText(place)], room())),
    note(text) {
      const line = drawn
      draw('')
      stream.write(`${printable(text)}\n`)
      draw(line)
    },
    end,
    [Symbol.dispose]: end,
  }
}

function plainView(stream: ProgressStream): ProgressView {
  let lastAtMs = Number.NEGATIVE_INFINITY
  let lastState = ''
  let lastWaiting = ''
  const line = (text: string): void => void stream.write(`${text}\n`)
  return {
    show(status) {
      const { updatedAtMs, state, run } = status
      if (lastState === state + run && updatedAtMs - lastAtMs < plainEveryMs) return
      lastState = state + run
      lastAtMs = updatedAtMs
      line(progressParts(status).join(', '))
    },
    waiting(place) {
      const text = waitingText(place)
      if (text !== lastWaiting) line(text)
      lastWaiting = text
    },
    note: (text) => line(printable(text)),
    end: () => {},
    [Symbol.dispose]: () => {},
  }
}

/** Shows several jobs at once. After its disposal it shows nothing more. */
export interface Board extends Disposable {
  show(name: string, status: RunStatus): void
  /** The job waits in the queue. */
  waiting(name: string, place: WaitingPlace): void
  /** A line that stays. */
  note(text: string): void
}

/** Minimum time between two lines per job without a terminal, by the statuses' own time. */
const plainEveryMs = 5_000

/** One line of JSON for every status; notes go elsewhere. */
export const jsonBoard = (stream: { write(text: string): unknown }, notes: ProgressStream): Board => ({
  show: (_name, status) => void stream.write(`${toWire(reportJson(status))}\n`),
  waiting: () => undefined,
  note: (text) => void notes.write(`${printable(text)}\n`),
  [Symbol.dispose]: () => undefined,
})

/** A line per job every few seconds. */
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
