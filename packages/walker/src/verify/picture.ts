import type { Histogram } from './statistics.ts'
import type { Warmth } from './verify.ts'
import type { AddressWarmth } from './warmth.ts'

const totalWidth = 760
const plainRowHeight = 190
const left = 60
const plot = { width: totalWidth - left - 20, height: 110 }
/** Below the axis: what the warm-up's own reads took. */
const coldHeight = 60
const axisAt = 34 + plot.height

/**
 * The distributions of each address as one SVG image, for a report or a browser, light and dark: first reads and re-reads
 * above the axis, below it the cold reads of the warm-up where they are known. Latencies are on a logarithmic scale.
 */
export function picture(warmth: Warmth): string {
  const hasCold = warmth.addresses.some(({ histograms }) => histograms.warmUp !== undefined)
  const rowHeight = hasCold ? plainRowHeight + coldHeight : plainRowHeight
  const height = 60 + rowHeight * warmth.addresses.length
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${totalWidth} ${height}" role="img" aria-label="${xmlText(title(warmth))}">
<style>
  svg { background: #fff; color: #1f2430; font: 13px system-ui, sans-serif }
  text { fill: currentColor } .quiet { opacity: .65 } .axis { stroke: currentColor; opacity: .4 }
  .first { fill: #d9822b; fill-opacity: .75 } .again { fill: #2f7fc1; fill-opacity: .45 } .cold { fill: #7a6bb5; fill-opacity: .75 } .line { stroke: #c0392b; stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) { svg { background: #16181d; color: #e8eaf0 } }
</style>
<text x="${left}" y="24" font-size="15" font-weight="600">${xmlText(title(warmth))}</text>
<rect class="first" x="${left}" y="35" width="12" height="12"/><text x="${left + 18}" y="46">first reads</text>
<rect class="again" x="${left + 110}" y="35" width="12" height="12"/><text x="${left + 128}" y="46">the same files, read again: warm</text>${hasCold ? coldLegend : ''}
${warmth.addresses.map((address, at) => `<g transform="translate(${left} ${60 + at * rowHeight})">${row(address)}</g>`).join('\n')}
</svg>
`
}

const coldLegend = `
<rect class="cold" x="${left + 380}" y="35" width="12" height="12"/><text x="${left + 398}" y="46">reads of the warm-up itself: cold</text>`

/** Rounded down: 99.96 % is not all of it. Upper bounds are rounded up, so that the interval never shrinks. */
const percent = (share: number): string => `${(Math.floor(share * 1_000) / 10).toFixed(1)} %`
const percentUp = (share: number): string => `${(Math.ceil(share * 1_000 - 1e-9) / 10).toFixed(1)} %`

const title = ({ whole, exportPath }: Warmth): string =>
  whole.conclusive
    ? `${exportPath}: ${percent(whole.share)} warm, between ${percent(whole.low)} and ${percentUp(whole.high)}`
    : `${exportPath}: can't tell how warm`

function row(address: AddressWarmth): string {
  const {
    thresholdMs,
    histograms: { first, again, warmUp },
  } = address
  const most = Math.max(1, ...first.counts, ...again.counts)
  const x = scale(first.edgesMs)
  const says = `${address.name}: ${address.conclusive ? `${percent(address.share)} warm` : "can't tell"}, ${address.sampled.toLocaleString('en-US')} files`
  const ticks = first.edgesMs.filter((ms) => isDecade(ms))
  const bottom = warmUp === undefined ? axisAt : axisAt + coldHeight
  return [
    `<text y="24" font-weight="600">${xmlText(says)}</text>`,
    bars('first', first, { most, height: plot.height, down: false }, x),
    bars('again', again, { most, height: plot.height, down: false }, x),
    ...(warmUp === undefined ? [] : [coldBars(warmUp, x)]),
    ...(thresholdMs === undefined
      ? []
      : [`<line class="line" x1="${x(thresholdMs)}" x2="${x(thresholdMs)}" y1="34" y2="${bottom}"/>`]),
    `<line class="axis" x1="0" x2="${plot.width}" y1="${axisAt}" y2="${axisAt}"/>`,
    ...ticks.map(
      (ms) =>
        `<text class="quiet" text-anchor="middle" x="${x(ms)}" y="${bottom + 16}">${Number(ms.toPrecision(2))} ms</text>`,
    ),
    `<text class="quiet" text-anchor="end" x="-6" y="46">${most.toLocaleString('en-US')}</text>`,
  ].join('\n')
}

/** There are as many of them as files were warmed, so they have a scale of their own. */
function coldBars(warmUp: Histogram, x: (ms: number) => number): string {
  const most = Math.max(1, ...warmUp.counts)
  const label = `<text class="quiet" text-anchor="end" x="-6" y="${axisAt + coldHeight}">${most.toLocaleString('en-US')}</text>`
  return bars('cold', warmUp, { most, height: coldHeight, down: true }, x) + label
}

interface Bars {
  /** The count that is as tall as can be. */
  readonly most: number
  readonly height: number
  /** From the axis downwards. */
  readonly down: boolean
}

/** Square roots, so that a few cold reads beside thousands of warm ones are still seen. */
function bars(
  kind: 'first' | 'again' | 'cold',
  { counts, edgesMs }: Histogram,
  { most, height, down }: Bars,
  x: (ms: number) => number,
): string {
  return counts
    .map((count, at) => {
      const from = x(edgesMs[at] ?? 0)
      const to = x(edgesMs[at + 1] ?? 0)
      const tall = Math.sqrt(count / most) * height
      return count === 0
        ? ''
        : `<rect class="${kind}" x="${from}" y="${fixed(down ? axisAt : axisAt - tall)}" width="${fixed(to - from - 1)}" height="${fixed(tall)}"><title>${count.toLocaleString('en-US')}</title></rect>`
    })
    .join('')
}

function scale(edgesMs: readonly number[]): (ms: number) => number {
  const from = Math.log10(edgesMs[0] ?? 0.1)
  const to = Math.log10(edgesMs.at(-1) ?? 1)
  return (ms) => fixed(Math.min(1, Math.max(0, (Math.log10(Math.max(ms, 1e-6)) - from) / (to - from))) * plot.width)
}

const isDecade = (ms: number): boolean => {
  const decade = Math.log10(ms)
  return Math.abs(decade - Math.round(decade)) < 1e-6
}

const fixed = (value: number): number => Math.round(value * 10) / 10

const xmlText = (text: string): string =>
  text.replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`).replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd')
