import { count, duration, plural, printable, table } from '@cachewarmer/service/report'
import type { AddressWarmth, Histogram, Verdict, Warmth } from '@cachewarmer/walker/verify'

const mostDirectories = 10
const mostFailures = 5

/** What `verify` found, for people. */
export function renderWarmth(warmth: Warmth): string {
  return [
    headline(warmth),
    '',
    ...addressTable(warmth.addresses),
    '',
    ...warmth.addresses.flatMap(distributions),
    ...directoryLines(warmth),
    ...notes(warmth),
  ].join('\n')
}

/** Rounded down: 99.96 % is not all of it. */
const percent = (share: number): string => `${(Math.floor(share * 1_000) / 10).toFixed(1)}%`
/** Upper bounds are rounded up, so that the interval never shrinks. */
const percentUp = (share: number): string => `${(Math.ceil(share * 1_000 - 1e-9) / 10).toFixed(1)}%`
const time = (ms: number | undefined): string =>
  ms === undefined ? '-' : ms < 10 ? `${ms.toFixed(2)}ms` : duration(Math.round(ms))

/** Share and bounds; `?` where it can't be told, at every level. */
const verdict = (of: Verdict): string[] =>
  of.conclusive ? [percent(of.share), percent(of.low), percentUp(of.high)] : ['?', '?', '?']

function headline({ whole, population, addresses }: Warmth): string {
  const sampled = addresses.reduce((sum, address) => sum + address.sampled, 0)
  const of = `a sample of ${count(sampled)} of ${plural(population, 'file')}, through ${plural(addresses.length, 'address', 'addresses')}`
  if (!whole.conclusive) return `Can't tell how warm it is: ${of}.`
  return `${percent(whole.share)} is warm, between ${percent(whole.low)} and ${percentUp(whole.high)} with 95 % confidence: ${of}.`
}

function addressTable(addresses: readonly AddressWarmth[]): string[] {
  const rows = addresses.map((address) => [
    `  ${printable(address.name)}`,
    count(address.sampled),
    ...verdict(address),
    time(address.floorMs),
    time(address.againMs),
    time(address.firstMs),
    time(address.coldMs),
    time(address.warmUpMs),
    count(address.slow),
  ])
  const head = [
    '  address',
    'files',
    'warm',
    'from',
    'to',
    'floor',
    're-read',
    'first read',
    'slow ones',
    'warm-up',
    'slow',
  ]
  return table([head, ...rows], ['left', ...head.slice(1).map(() => 'right' as const)])
}

const blockMarks = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

function distributions({ name, histograms: { first, again, warmUp } }: AddressWarmth): string[] {
  const from = time(first.edgesMs[0])
  const to = time(first.edgesMs.at(-1))
  return [
    `  ${printable(name)}, from ${from} to ${to}`,
    `    first reads  |${blocks(first)}|`,
    `    re-reads     |${blocks(again)}|`,
    ...(warmUp === undefined ? [] : [`    the warm-up  |${blocks(warmUp)}|`]),
    '',
  ]
}

/** Square roots, so that a few cold reads beside thousands of warm ones are still seen. */
function blocks({ counts }: Histogram): string {
  const most = Math.max(1, ...counts)
  return counts.map((n) => blockMarks[n === 0 ? 0 : Math.max(1, Math.round(Math.sqrt(n / most) * 8))]).join('')
}

function directoryLines({ byDirectory: { directories, tooFew } }: Warmth): string[] {
  const shown = directories.slice(0, mostDirectories)
  const rows = shown.map((of) => [`  ${printable(of.path)}`, count(of.sampled), ...verdict(of)])
  const lines =
    rows.length === 0
      ? []
      : table([['  directory', 'files', 'warm', 'from', 'to'], ...rows], ['left', 'right', 'right', 'right', 'right'])
  const more = directories.length - shown.length
  return [
    ...lines,
    ...(more > 0 ? [`  and ${count(more)} warmer ones`] : []),
    ...(tooFew > 0
      ? [`  ${plural(tooFew, 'directory', 'directories')} with too few sampled files to say anything of`]
      : []),
  ]
}

function notes({ addresses, complete, unlisted, population }: Warmth): string[] {
  return [
    ...addresses.flatMap(({ name, doubt }) => (doubt === undefined ? [] : [`  ${printable(name)}: ${doubt}`])),
    ...(complete ? [] : [`  Not all was listed in time: this speaks for ${plural(population, 'file')}.`]),
    ...unlisted
      .slice(0, mostFailures)
      .map(({ path, message }) => `  not listed: ${printable(path)}: ${printable(message)}`),
    ...addresses.flatMap(({ name, failures }) =>
      failures
        .slice(0, mostFailures)
        .map(({ path, message }) => `  not read through ${printable(name)}: ${printable(path)}: ${printable(message)}`),
    ),
  ]
}
