import type { Histogram } from './estimate/latencies.ts'
import type { AddressWarmth } from './estimate/warmth.ts'
import type { Warmth } from './verify.ts'

const WIDTH = 760
const ROW = 190
const LEFT = 60
const PLOT = { width: WIDTH - LEFT - 20, height: 110 }

/** Both distributions of each address as one SVG image, for a report or a browser, light and dark. Latencies are on a logarithmic scale. */
export function picture(warmth: Warmth): string {
  const height = 60 + ROW * warmth.addresses.length
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${xmlText(title(warmth))}">
<style>
  svg { background: #fff; color: #1f2430; font: 13px system-ui, sans-serif }
  text { fill: currentColor } .quiet { opacity: .65 } .axis { stroke: currentColor; opacity: .4 }
  .first { fill: #d9822b; fill-opacity: .75 } .again { fill: #2f7fc1; fill-opacity: .45 } .line { stroke: #c0392b; stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) { svg { background: #16181d; color: #e8eaf0 } }
</style>
<text x="${LEFT}" y="24" font-size="15" font-weight="600">${xmlText(title(warmth))}</text>
<rect class="first" x="${LEFT}" y="35" width="12" height="12"/><text x="${LEFT + 18}" y="46">first reads</text>
<rect class="again" x="${LEFT + 110}" y="35" width="12" height="12"/><text x="${LEFT + 128}" y="46">the same files, read again: warm</text>
${warmth.addresses.map((address, at) => `<g transform="translate(${LEFT} ${60 + at * ROW})">${row(address)}</g>`).join('\n')}
</svg>
`
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

const title = ({ whole, exportPath }: Warmth): string =>
  whole.conclusive
    ? `${exportPath}: ${percent(whole.share)} warm, between ${percent(whole.low)} and ${percent(whole.high)}`
    : `${exportPath}: can't tell how warm`

function row(address: AddressWarmth): string {
  const { first, again } = address.histograms
  const most = Math.max(1, ...first.counts, ...again.counts)
  const x = scale(first.edgesMs)
  const says = `${address.name}: ${address.conclusive ? percent(address.share) : "can't tell"}, ${address.sampled.toLocaleString('en-US')} files`
  const ticks = first.edgesMs.filter((ms) => isDecade(ms))
  return [
    `<text y="24" font-weight="600">${xmlText(says)}</text>`,
    bars('first', first, most, x),
    bars('again', again, most, x),
    `<line class="line" x1="${x(address.thresholdMs)}" x2="${x(address.thresholdMs)}" y1="34" y2="${34 + PLOT.height}"/>`,
    `<line class="axis" x1="0" x2="${PLOT.width}" y1="${34 + PLOT.height}" y2="${34 + PLOT.height}"/>`,
    ...ticks.map(
      (ms) =>
        `<text class="quiet" text-anchor="middle" x="${x(ms)}" y="${34 + PLOT.height + 16}">${Number(ms.toPrecision(2))} ms</text>`,
    ),
    `<text class="quiet" text-anchor="end" x="-6" y="46">${most.toLocaleString('en-US')}</text>`,
  ].join('\n')
}

/** Square roots, so that a few cold reads beside thousands of warm ones are still seen. */
function bars(
  kind: 'first' | 'again',
  { counts, edgesMs }: Histogram,
  most: number,
  x: (ms: number) => number,
): string {
  return counts
    .map((count, at) => {
      const from = x(edgesMs[at] ?? 0)
      const to = x(edgesMs[at + 1] ?? 0)
      const tall = Math.sqrt(count / most) * PLOT.height
      return count === 0
        ? ''
        : `<rect class="${kind}" x="${from}" y="${fixed(34 + PLOT.height - tall)}" width="${fixed(to - from - 1)}" height="${fixed(tall)}"><title>${count.toLocaleString('en-US')}</title></rect>`
    })
    .join('')
}

function scale(edgesMs: readonly number[]): (ms: number) => number {
  const from = Math.log10(edgesMs[0] ?? 0.1)
  const to = Math.log10(edgesMs.at(-1) ?? 1)
  return (ms) => fixed(Math.min(1, Math.max(0, (Math.log10(Math.max(ms, 1e-6)) - from) / (to - from))) * PLOT.width)
}

const isDecade = (ms: number): boolean => {
  const decade = Math.log10(ms)
  return Math.abs(decade - Math.round(decade)) < 1e-6
}

const fixed = (value: number): number => Math.round(value * 10) / 10

const xmlText = (text: string): string =>
  text.replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`).replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd')
