import type { RunStatus } from '@cachewarmer/core'
import { plural, printable } from '../../report/index.ts'
import type { WaitingPlace } from '../watch.ts'
import { fit, progressLine, progressParts } from './line.ts'

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

/** Between two lines where there is no terminal, by the statuses' own time. */
const plainEveryMs = 5_000
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

export const waitingText = ({ jobsBefore }: WaitingPlace): string =>
  jobsBefore === 0 ? 'waiting for a manager' : `waiting for a manager, ${plural(jobsBefore, 'job')} before this one`
