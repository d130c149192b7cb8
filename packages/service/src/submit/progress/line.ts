import type { RunStatus } from '@cachewarmer/core'
import {
  bytes,
  count,
  duration,
  elapsedMs,
  plural,
  shareDone,
  timeLeftMs,
  totalFailures,
  waitingFor,
} from '../../report/index.ts'

const barWidth = 20

/** What is said of a run in passing, the most important first. */
export function progressParts(status: RunStatus): string[] {
  const { counts, items, ratesPerSecond, waitsFor, workers } = status.progress
  const failed = totalFailures(status)
  const leftMs = timeLeftMs(status)
  return [
    ...(status.state === 'running' ? [] : [status.state]),
    plural(counts.files, 'file'),
    ...(failed > 0 ? [plural(failed, 'failure')] : []),
    ...(leftMs === undefined ? [] : [`${duration(leftMs)} left`]),
    bytes(counts.bytes),
    `${count(ratesPerSecond.files)} files/s`,
    `${bytes(ratesPerSecond.bytes)}/s`,
    ...(waitsFor === undefined ? [] : [`waits for ${waitingFor(waitsFor)}`]),
    duration(elapsedMs(status)),
    plural(workers, 'worker'),
    `${count(items.done)}/${count(items.announced)} items`,
  ]
}

/** A bar that is full at the end alone. */
export function bar(share: number, isEnd: boolean, width: number = barWidth): string {
  const full = isEnd ? width : Math.min(width - 1, Math.floor(share * width))
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}`
}

/**
 * One line no longer than `columns`: a bar of what is done, and as many parts as there is room for. More may be found
 * while it goes on, so the bar may step back; it is full at the end alone.
 */
export function progressLine(status: RunStatus, columns: number): string {
  return fit([bar(shareDone(status), status.state === 'ended'), ...progressParts(status)], columns)
}

/** As many whole parts as fit. */
export function fit(parts: readonly string[], columns: number): string {
  let line = ''
  for (const part of parts) {
    const longer = line === '' ? part : `${line}  ${part}`
    if (longer.length > columns) break
    line = longer
  }
  return line
}
