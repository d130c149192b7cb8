import { type Life, type Measure, measures, seenBy } from './samples.ts'

/** A moment that explains a step in the curves. */
export interface Mark {
  readonly atMs: number
  readonly at: 'worker' | 'manager' | 'filer' | 'queue'
  readonly what: string
}

const width = 1_000
const panelHeight = 220
const margin = { left: 60, right: 150, top: 34, bottom: 26 }
const colours = ['#1b6ca8', '#d1495b', '#3a7d44', '#8d5a97', '#b8860b', '#00798c', '#6b4226', '#444444']
const markColours: Readonly<Record<Mark['at'], string>> = {
  worker: '#f2b8bf',
  manager: '#d1495b',
  filer: '#c8c8c8',
  queue: '#f0c05a',
}
const shortLived = '#b5cbdb'

const xml = (text: string): string => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** One, two or five times a power of ten, so that an axis has about five lines. */
function niceStep(most: number): number {
  const rough = most / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 5, 10].find((one) => one * power >= rough) ?? 10
  return factor * power
}

interface Curve extends Life {
  readonly colour: string
}

function panel(measure: Measure, top: number, lives: readonly Curve[], marks: readonly Mark[], span: [number, number]) {
  const { title, of } = measures[measure]
  const [fromMs, toMs] = span
  const values = lives.flatMap(({ samples }) => seenBy(measure, samples).map(of))
  const most = values.reduce((so, value) => Math.max(so, value), 1)
  const step = niceStep(most)
  const ceiling = Math.ceil(most / step) * step
  const plotWidth = width - margin.left - margin.right
  const plotHeight = panelHeight - margin.top - margin.bottom
  const x = (atMs: number): string => (margin.left + ((atMs - fromMs) / (toMs - fromMs)) * plotWidth).toFixed(1)
  const y = (value: number): string => (top + margin.top + plotHeight * (1 - value / ceiling)).toFixed(1)
  const parts = [`<text x="${margin.left}" y="${top + 20}" class="title">${xml(title)}</text>`]
  for (const { atMs, at } of marks) {
    const across = x(atMs)
    parts.push(
      `<line x1="${across}" x2="${across}" y1="${y(0)}" y2="${y(ceiling)}" stroke="${markColours[at]}" class="mark"/>`,
    )
  }
  for (let value = 0; value <= ceiling; value += step) {
    parts.push(
      `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y(value)}" y2="${y(value)}" class="grid"/>`,
    )
    parts.push(`<text x="${margin.left - 6}" y="${y(value)}" class="left">${value}</text>`)
  }
  const minutes = (toMs - fromMs) / 60_000
  const every = Math.max(1, niceStep(minutes))
  for (let minute = 0; minute <= minutes; minute += every) {
    const at = x(fromMs + minute * 60_000)
    parts.push(`<text x="${at}" y="${top + panelHeight - 8}" class="below">${minute} min</text>`)
  }
  for (const { samples, colour } of lives) {
    const points = seenBy(measure, samples)
      .map((sample) => `${x(sample.atMs)},${y(of(sample))}`)
      .join(' ')
    parts.push(`<polyline points="${points}" stroke="${colour}"/>`)
  }
  return parts.join('\n')
}

function legend(lives: readonly Curve[]): string {
  const left = width - margin.right + 14
  const entries = [
    ...lives,
    { name: 'others', colour: shortLived },
    ...Object.entries(markColours).map(([name, colour]) => ({ name: `fault: ${name}`, colour })),
  ]
  return entries
    .map(
      ({ name, colour }, at) =>
        `<rect x="${left}" y="${40 + at * 18}" width="12" height="4" fill="${colour}"/><text x="${left + 18}" y="${46 + at * 18}">${xml(name)}</text>`,
    )
    .join('\n')
}

/** The plot: lasting processes in colours, in front of the others. */
export interface Lives {
  readonly lasting: readonly Life[]
  readonly others: readonly Life[]
}

/** Memory and handles of each process over time, one panel a measure, faults as vertical lines. */
export function plot({ lasting, others }: Lives, marks: readonly Mark[], verdict: string): string {
  const named = lasting.map((life, at) => ({ ...life, colour: colours[at % colours.length] ?? '' }))
  const lives = [...others.map((life) => ({ ...life, colour: shortLived })), ...named]
  const times = lives.flatMap(({ samples }) => samples.map(({ atMs }) => atMs))
  const span: [number, number] = [
    times.reduce((least, atMs) => Math.min(least, atMs), Number.POSITIVE_INFINITY),
    times.reduce((most, atMs) => Math.max(most, atMs), 0),
  ]
  const height = panelHeight * Object.keys(measures).length + 40
  const panels = (Object.keys(measures) as Measure[]).map((measure, at) =>
    panel(measure, 30 + at * panelHeight, lives, marks, span),
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<style>
text { font: 11px sans-serif; fill: #222 } .title { font-weight: bold } .left { text-anchor: end; dominant-baseline: middle }
.below { text-anchor: middle } .grid { stroke: #e3e3e3 } .mark { opacity: 0.5 } polyline { fill: none; stroke-width: 1.2 }
</style>
<rect width="${width}" height="${height}" fill="white"/>
<text x="${margin.left}" y="20" class="title">${xml(verdict)}</text>
${panels.join('\n')}
${legend(named)}
</svg>
`
}
