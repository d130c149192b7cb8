import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Measurements behind one round trip, one per tenth of a second. */
export interface Ramp {
  readonly name: string
  readonly progress: readonly number[]
  readonly limits: readonly number[]
}

const [width, height, left, gap] = [900, 230, 70, 40]
const colours = ['#1b6ca8', '#2a9d8f', '#e07a1f', '#8e44ad']

/** Writes the ramps as one SVG, files a second above, reads allowed in flight below; gives its place. */
export function plotRamps(folder: string, name: string, title: string, ramps: readonly Ramp[]): string {
  const seconds = Math.max(...ramps.map(({ progress }) => progress.length)) / 10
  const rates = ramps.map(({ progress }) => ratesOf(progress))
  const limits = ramps.map(({ limits: allowed }) => allowed)
  const body = [
    `<text x="${left}" y="22" font-size="15">${title}</text>`,
    chart({ top: 40, title: 'files a second', seconds, rows: rates }),
    chart({ top: 40 + height + gap, title: 'reads allowed in flight', seconds, rows: limits }),
    ...ramps.map((ramp, at) => legend(ramp.name, at)),
  ]
  const size = { width: left + width + 20, height: 2 * (height + gap) + 60 }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
${body.join('\n')}
</svg>
`
  mkdirSync(folder, { recursive: true })
  const place = join(folder, `${name}.svg`)
  writeFileSync(place, svg)
  return place
}

/** Files a second, over the half second before. */
const ratesOf = (progress: readonly number[]): number[] =>
  progress.map((files, at) => {
    const from = Math.max(0, at - 5)
    return at === 0 ? 0 : ((files - (progress[from] ?? 0)) / (at - from)) * 10
  })

function chart(of: { top: number; title: string; seconds: number; rows: readonly (readonly number[])[] }): string {
  const most = Math.max(1, ...of.rows.flat())
  const x = (at: number): string => (left + (at / 10 / of.seconds) * width).toFixed(1)
  const y = (value: number): string => (of.top + height - (value / most) * height).toFixed(1)
  const lines = of.rows.map(
    (row, at) =>
      `<polyline fill="none" stroke="${colours[at % colours.length]}" stroke-width="1.5" points="${row.map((value, tick) => `${x(tick)},${y(value)}`).join(' ')}"/>`,
  )
  const marks = [0, 0.5, 1].map(
    (share) =>
      `<text x="${left - 6}" y="${y(most * share)}" text-anchor="end">${Math.round(most * share).toLocaleString('en-US')}</text>`,
  )
  const times = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<text x="${x(of.seconds * 10 * share)}" y="${of.top + height + 16}" text-anchor="middle">${(of.seconds * share).toFixed(1)} s</text>`,
  )
  const frame = `<rect x="${left}" y="${of.top}" width="${width}" height="${height}" fill="none" stroke="#bbb"/>`
  return [frame, `<text x="${left + 6}" y="${of.top + 16}">${of.title}</text>`, ...marks, ...times, ...lines].join('\n')
}

const legend = (name: string, at: number): string =>
  `<text x="${left + 480 + at * 110}" y="22" fill="${colours[at % colours.length]}">${name}</text>`
