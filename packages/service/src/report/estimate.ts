import type { RunStatus, SizeCounts } from '@cachewarmer/core'
import { printable } from './printable.ts'
import { table } from './table.ts'
import { bytes, count, duration, plural } from './units.ts'

const barWidth = 30

/** What warming would take, and what that rests on; nothing for a run that is no estimate, or has not ended. */
export function estimateLines({ job, state, estimate, progress }: RunStatus): string[] {
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

/** How large the files are, in powers of two; empty where nobody counted. */
export function sizeLines({ progress }: RunStatus): string[] {
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
