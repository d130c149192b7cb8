import type { MountState, RunStatus } from '@cachewarmer/core'
import {
  addressFacts,
  bytes,
  count,
  duration,
  elapsedMs,
  fileUnderWay,
  plural,
  printable,
  shareDone,
  timeLeftMs,
  totalFailures,
  waitingFor,
} from '../../report/index.ts'
import type { WaitingPlace } from '../watch.ts'

const barWidth = 20

export const waitingText = ({ jobsBefore }: WaitingPlace): string =>
  jobsBefore === 0 ? 'waiting for a manager' : `waiting for a manager, ${plural(jobsBefore, 'job')} before this one`

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
function bar(share: number, isEnd: boolean, width: number = barWidth): string {
  const full = isEnd ? width : Math.min(width - 1, Math.floor(share * width))
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}`
}

/**
 * One line no longer than `columns`: a bar of what is done, and as many parts as there is room for. More may be found
 * while it runs, so the bar may step back; it is full only at the end.
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

/** What is known of a job that is watched. */
export interface WatchedStatus {
  readonly name: string
  /** Undefined while it waits. */
  readonly status?: RunStatus | undefined
  /** Its place among the jobs that wait, where it was seen there. */
  readonly place?: WaitingPlace | undefined
  /** How fast each address is. */
  readonly rates?: ReadonlyMap<string, AddressRate> | undefined
}

/** Files and bytes that came through an address in a second, of late. */
export interface AddressRate {
  readonly files: number
  readonly bytes: number
}

/** How fast each address of a run is, from one status to the next. */
export class AddressRates {
  #before: RunStatus | undefined
  #rates = new Map<string, AddressRate>()

  /** Rates after this status; a status of another run, or without time between, tells nothing. */
  after(status: RunStatus): ReadonlyMap<string, AddressRate> {
    const before = this.#before
    const seconds = before?.run === status.run ? (status.updatedAtMs - before.updatedAtMs) / 1_000 : 0
    if (before !== undefined && seconds > 0) {
      const old = before.progress.counts.mounts
      this.#rates = new Map(
        Object.entries(status.progress.counts.mounts).map(([address, now]) => [
          address,
          {
            files: Math.max(0, now.files - (old[address]?.files ?? 0)) / seconds,
            bytes: Math.max(0, now.bytes - (old[address]?.bytes ?? 0)) / seconds,
          },
        ]),
      )
    }
    if (seconds > 0 || before?.run !== status.run) this.#before = status
    return this.#rates
  }
}

/** Where a terminal is narrower than this, bars are short, so that there is room for figures. */
const narrow = 60

/**
 * One job as lines no longer than `columns`: a bar of its own, the largest file under way, then one for each address, long as what came through it
 * beside the address that is furthest.
 */
export function jobLines({ name, status, place, rates }: WatchedStatus, columns: number): string[] {
  const width = columns < narrow ? 8 : 20
  const title = clipped(printable(name), columns / 3)
  if (status === undefined) return [fit([title, waitingText(place ?? { jobsBefore: 0 })], columns)]
  const own = fit([bar(shareDone(status), status.state === 'ended', width), title, ...progressParts(status)], columns)
  const facts = addressFacts(status)
  const furthest = Math.max(1, ...facts.map(({ files }) => files))
  const names = new Map(facts.map(({ address }) => [address, clipped(printable(address), columns / 3)]))
  const wide = Math.max(0, ...[...names.values()].map(({ length }) => length))
  const states = new Map(status.mounts.map((mount) => [mount.address, mount]))
  const [largest] = status.progress.largest ?? []
  return [
    own,
    ...(largest === undefined ? [] : [fit(['  largest file', clipped(fileUnderWay(largest), columns - 16)], columns)]),
    ...facts.map(({ address, files, bytes: size, failures }) => {
      const rate = rates?.get(address)
      return fit(
        [
          `  ${bar(files / furthest, files === furthest, width)}`,
          (names.get(address) ?? '').padEnd(wide),
          ...(states.get(address)?.state === 'down' ? ['does not answer'] : []),
          `${count(files)} files`,
          ...(failures > 0 ? [`${count(failures)} failures`] : []),
          ...(rate === undefined || status.state === 'ended'
            ? [bytes(size)]
            : [`${count(rate.files)} files/s`, `${bytes(rate.bytes)}/s`]),
          ...latencies(states.get(address)),
        ],
        columns,
      )
    }),
  ]
}

/**
 * All jobs in `rows` lines at the most: where there is no room for the addresses the jobs are there alone, those that run
 * before those that have ended, and the last line says how many more there are.
 */
export function boardLines(jobs: readonly WatchedStatus[], columns: number, rows: number): string[] {
  const blocks = jobs.map((job) => jobLines(job, columns))
  const all = blocks.flat()
  if (all.length <= rows) return all
  const isOver = (at: number): boolean => jobs[at]?.status?.state === 'ended'
  const own = blocks.flatMap(([line = ''], at) => (isOver(at) ? [] : [line]))
  own.push(...blocks.flatMap(([line = ''], at) => (isOver(at) ? [line] : [])))
  if (own.length <= rows) return own
  const shown = Math.max(0, rows - 1)
  return [...own.slice(0, shown), fit([`and ${own.length - shown} more jobs`], columns)]
}

/** The end of a long name says more than its middle: both ends stay. */
function clipped(text: string, columns: number): string {
  const most = Math.max(8, Math.floor(columns))
  if (text.length <= most) return text
  const tail = Math.floor((most - 1) / 2)
  return `${text.slice(0, most - 1 - tail)}…${text.slice(text.length - tail)}`
}

function latencies(mount: MountState | undefined): string[] {
  if (mount === undefined) return []
  const { p50Ms, p99Ms, inFlight, longReads } = mount
  return [
    ...(p50Ms === undefined ? [] : [`p50 ${milliseconds(p50Ms)}`]),
    ...(p99Ms === undefined ? [] : [`p99 ${milliseconds(p99Ms)}`]),
    `${count(inFlight)} in flight`,
    ...(longReads === undefined || longReads.inFlight === 0
      ? []
      : [`${count(longReads.inFlight)} long reads in flight`]),
  ]
}

const milliseconds = (ms: number): string => (ms < 10 ? `${ms.toFixed(1)}ms` : duration(ms))
