import type { Failure, FleetStatus, MountState, RunStatus, SizeCounts } from '@cachewarmer/core'
import {
  addressFacts,
  doubtsByReason,
  elapsedMs,
  failuresByCode,
  rates,
  resolvedHosts,
  timeLeftMs,
  totalFailures,
} from './facts.ts'
import { limitFigures, printedLimit } from './figures.ts'
import { headline } from './headline.ts'
import {
  bytes,
  count,
  duration,
  fileUnderWay,
  leftOut,
  namedHost,
  plural,
  printable,
  table,
  waitingFor,
} from './print.ts'

/** What there is to say of the machines. Of processes beside the manager, which cost nothing, only what went wrong. */
function fleetLines(fleet: FleetStatus): string[] {
  const { problem, notes } = fleet
  return [
    ...table(fleet.kind === 'vmss' ? machines(fleet) : [], ['left', 'left']),
    ...(problem === undefined ? [] : [`in the way: ${printable(problem)}`]),
    ...notes.map(printable),
  ]
}

function machines({ running, wanted, size, priority, machineHours, cost }: FleetStatus): [string, string][] {
  const what = [size, priority].filter((word) => word !== undefined).map(printable)
  const rows: [string, string][] = [
    ['machines', [`${count(running)} of ${count(wanted)} wanted run`, ...what].join(', ')],
  ]
  if (machineHours !== undefined) rows.push(['machine hours', hours(machineHours)])
  if (cost !== undefined) rows.push(['cost', costWords(cost)])
  return rows
}

const hours = (value: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })

/** A limit says no more than what it cannot be above. */
const costWords = ({ dollars, basis }: NonNullable<FleetStatus['cost']>): string => {
  const sum = dollars.toLocaleString('en-US', { style: 'currency', currency: 'USD' })
  return basis === 'price' ? `${sum} at the price that was given` : `at most ${sum}, by the price limit`
}

const barWidth = 30

/** What warming would take, and what that rests on; nothing for a run that is no estimate, or has not ended. */
function estimateLines({ job, state, estimate, progress }: RunStatus): string[] {
  if (job?.mode !== 'estimate' || state !== 'ended') return []
  if (estimate === undefined)
    return ['No time is expected: too little of the sample could be read to measure, and no earlier run is known.']
  const { elapsedMs, machineHours, dollars, assumptions } = estimate
  const addresses = job.through === 'each' ? job.addresses.length : 1
  const { files, bytes: size } = progress.counts
  const rows = [
    ['to read', `${plural(files, 'file')}, ${bytes(size)}, through ${plural(addresses, 'address', 'addresses')} each`],
    ['time', `about ${duration(elapsedMs)}`],
    ['machines', `${machineHours.toFixed(2)} hours of all workers together`],
    ...(dollars === undefined ? [] : [['cost', `about ${dollars.toFixed(2)} dollars`]]),
  ]
  return [
    'Warming is expected to take',
    ...table(rows, ['left', 'left']).map((line) => `  ${line}`),
    ...assumptions.map((text) => `  ${printable(text)}`),
  ]
}

/** How large the files are, in powers of two; empty where they were not counted. */
function sizeLines({ progress }: RunStatus): string[] {
  const classes = sizeRows(progress.counts.sizes ?? {})
  if (classes.length === 0) return []
  const most = Math.max(...classes.map(({ files }) => files))
  const rows = classes.map(({ label, files, bytes: size }) => [
    label,
    count(files),
    bytes(size),
    '█'.repeat(Math.ceil((files / most) * barWidth)),
  ])
  return table([['size below', 'files', 'size', ''], ...rows], ['right', 'right', 'right', 'left']).map(
    (line) => `  ${line}`,
  )
}

/** Every class from the smallest to the largest that has files, those in between without any as well. */
function sizeRows(sizes: Readonly<Record<string, SizeCounts>>): (SizeCounts & { readonly label: string })[] {
  const known = Object.keys(sizes).map(Number)
  if (known.length === 0) return []
  const [first, last] = [Math.min(...known), Math.max(...known)]
  return Array.from({ length: last - first + 1 }, (_, at) => {
    const exponent = first + at
    return { files: 0, bytes: 0, ...sizes[exponent], label: exponent === 0 ? 'empty' : bytes(2 ** exponent) }
  })
}

export interface ReportOptions {
  /** The current time, to tell a running run from one with a silent manager. Default: not told. */
  readonly nowMs?: number | undefined
}

/** Paths shown for each cause of failure. */
const samplesPerCause = 5
/** A manager writes the status every second or so. */
const silentAfterMs = 30_000

/**
 * The report of a run as a person reads it, also while it runs. Plain text without colours or a line end after the
 * last line. No file name in it can act on a terminal.
 */
export function renderReport(status: RunStatus, options: ReportOptions = {}): string {
  const sections = [
    [headline(status), ...silence(status, options)],
    facts(status),
    estimateLines(status),
    sizeLines(status),
    addresses(status),
    longReads(status),
    doubts(status),
    failures(status),
    remarks(status),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

function silence({ state, updatedAtMs }: RunStatus, { nowMs = updatedAtMs }: ReportOptions): string[] {
  const silentMs = nowMs - updatedAtMs
  return state === 'ended' || silentMs < silentAfterMs
    ? []
    : [`Its manager has said nothing for ${duration(silentMs)}.`]
}

function pathsOf({ list, paths }: NonNullable<RunStatus['job']>): string {
  const listed = list === undefined ? [] : [`${plural(list.paths, 'path', 'paths')} of a list`]
  return [...listed, ...paths.map(printable)].join(', ')
}

function facts(status: RunStatus): string[] {
  const { counts, items, largest = [], waitsFor, workers } = status.progress
  const { job } = status
  const rows: [string, string][] = [['job', `${printable(status.label ?? status.jobMessageId)} (run ${status.run})`]]
  if (job !== null) {
    for (const host of resolvedHosts(status)) rows.push(['name', namedHost(host)])
    rows.push(['export', printable(job.exportPath)], ['paths', pathsOf(job)])
    if (job.mode !== 'data') rows.push(['mode', job.mode])
    if (job.modifiedSince !== undefined) rows.push(['modified', `since ${printable(job.modifiedSince)}`])
    if (job.headBytes !== undefined) rows.push(['read', `the first ${bytes(job.headBytes)} of each file`])
  }
  if (status.outcome === 'refused') return indent(table(rows, ['left', 'left']))
  rows.push(['files', count(counts.files)], ['size', bytes(counts.bytes)], ['directories', count(counts.directories)])
  const { unreported } = status
  if (unreported !== undefined)
    rows.push(['unreported', `at least ${plural(unreported.files, 'file')}, ${bytes(unreported.bytes)} more`])
  const left = leftOut(counts)
  if (left.length > 0) rows.push(['left out', left.join(', ')])
  rows.push(['time', duration(elapsedMs(status))])
  const { files: filesRate, bytes: bytesRate } = rates(status)
  const isRead = job === null || job.mode === 'data'
  if (!isRead) {
    if (filesRate > 0) rows.push(['rate', `${count(filesRate)} files/s`])
  } else if (filesRate > 0 || bytesRate > 0) rows.push(['rate', `${count(filesRate)} files/s, ${bytes(bytesRate)}/s`])
  if (status.state !== 'ended') {
    const leftMs = timeLeftMs(status)
    if (leftMs !== undefined) rows.push(['time left', `about ${duration(leftMs)}`])
    if (largest.length > 0) rows.push(['reading', largest.map(fileUnderWay).join(', ')])
    if (waitsFor !== undefined) rows.push(['waits for', waitingFor(waitsFor)])
    rows.push(['workers', count(workers)], ['items', `${count(items.done)} of ${count(items.announced)} done`])
  }
  return indent(table(rows, ['left', 'left']))
}

function addresses(status: RunStatus): string[] {
  // An estimate asks one address for each name, and reads a sample at most: figures by address would say nothing.
  if (status.job?.mode === 'estimate') return []
  const known = addressFacts(status)
  if (known.length === 0 || status.outcome === 'refused') return []
  // Only what speaks NFS itself finds out how many reads an address bears, and tells.
  const measured = known.some(({ seen }) => seen?.p50Ms !== undefined)
  const told = known.some(({ readBy }) => readBy.length > 0)
  const rows = known.map(({ address, files, bytes: size, failures: failed, readBy, seen }) => [
    printable(address),
    count(files),
    bytes(size),
    count(failed),
    ...(measured ? printedLimit(seen) : []),
    ...(told ? [readBy.map(({ by }) => printable(by)).join(', ')] : []),
    stateWords(seen),
  ])
  const head = [
    'address',
    'files',
    'read',
    'failures',
    ...(measured ? limitHead : []),
    ...(told ? ['read by'] : []),
    '',
  ]
  const align = head.map((name, column) => (column === 0 || name === 'read by' || name === '' ? 'left' : 'right'))
  return indent(table([head, ...rows], align))
}

/** What is not as it should be. */
const stateWords = (seen: Pick<MountState, 'state' | 'note'> | undefined): string =>
  [...(seen?.state === 'down' ? ['down'] : []), ...(seen?.note === undefined ? [] : [printable(seen.note)])].join(': ')

const limitHead = limitFigures.map(({ head }) => head)

/** Long reads have a limit of their own: there is something to tell once one of them lasted. */
function longReads(status: RunStatus): string[] {
  const known = status.mounts.filter(({ longReads: of }) => of?.p50Ms !== undefined)
  if (known.length === 0) return []
  const rows = known.map(({ address, longReads: of }) => [printable(address), ...printedLimit(of)])
  return indent(table([['long reads', ...limitHead], ...rows], ['left', ...limitHead.map(() => 'right' as const)]))
}

const addressesInLine = 3

/** Only what reached a cache is warm there. */
function doubts(status: RunStatus): string[] {
  const lines = doubtsByReason(status).flatMap(({ reason, addresses }) => {
    const rows = Math.ceil(addresses.length / addressesInLine)
    const row = (at: number): string => addresses.slice(at * addressesInLine, (at + 1) * addressesInLine).join(', ')
    return [`${reason}:`, ...indent(Array.from({ length: rows }, (_, at) => row(at)))]
  })
  return lines.length === 0 ? [] : ['May not have reached the cache', ...indent(lines)]
}

function failures(status: RunStatus): string[] {
  const total = totalFailures(status)
  if (total === 0) return []
  const lines: string[] = []
  let shown = 0
  for (const [code, number] of failuresByCode(status)) {
    lines.push(`  ${code}: ${count(number)}`)
    const samples = status.failures.filter((failure) => failure.code === code).slice(0, samplesPerCause)
    lines.push(...samples.map((failure) => `    ${failureLine(failure)}`))
    shown += samples.length
  }
  if (shown < total)
    lines.push(
      `  ${count(shown)} of ${count(total)} are shown; cachewarmer-submit failures ${status.run} has them all.`,
    )
  return ['Failures', ...lines]
}

function failureLine({ path, address, message }: Failure): string {
  const through = address === undefined ? '' : ` through ${printable(address)}`
  // Messages of file systems begin with the path that stands before them already.
  const reason = message?.startsWith(`${path}: `) ? message.slice(path.length + 2) : message
  const why = reason === undefined ? '' : `: ${printable(reason)}`
  return `${printable(path)}${through}${why}`
}

function remarks({ warnings, fleet }: RunStatus): string[] {
  const list = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [title, ...indent(lines)]
  return [...list('Warnings', warnings.map(printable)), ...list('Fleet', fleet === undefined ? [] : fleetLines(fleet))]
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`)
