import { useEffect, useMemo, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { bytes, count, printable } from '../../index.ts'
import type { TimelineData } from '../view.ts'

type Column = readonly (number | null)[]

interface Line {
  readonly label: string
  readonly values: Column
  readonly color: string
  readonly scale: string
  readonly dashed?: boolean
  readonly show: (value: number) => string
}

const height = 220
/** More addresses than lines that can be told apart: the slowest are drawn, the table has them all. */
const addressesDrawn = 6
const colors = ['--line-1', '--line-2', '--line-3', '--line-4', '--line-5', '--line-6'] as const

export function ThroughputChart({ timeline }: { timeline: TimelineData }) {
  const { atMs } = timeline
  const lines = useMemo(
    (): Line[] => [
      {
        label: 'bytes/s',
        values: perSecond(atMs, timeline.bytes),
        color: colors[0],
        scale: 'bytes',
        show: (value) => `${bytes(value)}/s`,
      },
      {
        label: 'files/s',
        values: perSecond(atMs, timeline.files),
        color: colors[1],
        scale: 'files',
        dashed: true,
        show: (value) => `${count(value)} files/s`,
      },
    ],
    [timeline],
  )
  return <Chart title="Throughput" note={lastOf(lines).join(', ')} atMs={atMs} lines={lines} />
}

export function LatencyChart({ timeline }: { timeline: TimelineData }) {
  const lines = useMemo((): Line[] => {
    const slowest = Object.entries(timeline.latency)
      .filter(([, { p50Ms }]) => p50Ms.some((ms) => ms !== null))
      .sort(([a, x], [b, y]) => worst(y.p99Ms) - worst(x.p99Ms) || (a < b ? -1 : 1))
      .slice(0, addressesDrawn)
      .sort(([a], [b]) => (a < b ? -1 : 1))
    return slowest.flatMap(([address, { p50Ms, p99Ms }], at) => {
      const line = { color: colors[at] ?? colors[0], scale: 'ms', show: (ms: number) => `${ms.toFixed(1)} ms` }
      return [
        { ...line, label: `${printable(address)} p50`, values: p50Ms },
        { ...line, label: `${printable(address)} p99`, values: p99Ms, dashed: true },
      ]
    })
  }, [timeline])
  if (lines.length === 0)
    return (
      <figure>
        <figcaption>Latency</figcaption>
        <p class="dim">Not measured yet: only direct access measures it.</p>
      </figure>
    )
  return <Chart title="Latency" note="p99 dashed" atMs={timeline.atMs} lines={lines} />
}

const worst = (column: Column): number => Math.max(0, ...column.map((ms) => ms ?? 0))

/** What came between two moments, a second. A sum that stepped back, as that of an attempt that died, is no rate. */
function perSecond(atMs: readonly number[], sums: readonly number[]): Column {
  return sums.map((sum, at) => {
    const ms = (atMs[at] ?? 0) - (atMs[at - 1] ?? Number.NaN)
    return ms > 0 ? (Math.max(0, sum - (sums[at - 1] ?? 0)) * 1_000) / ms : null
  })
}

interface ChartProps {
  readonly title: string
  readonly note: string
  readonly atMs: readonly number[]
  readonly lines: readonly Line[]
}

function Chart({ title, note, atMs, lines }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | undefined>(undefined)
  const latest = useRef(lines)
  latest.current = lines
  const shape = lines.map(({ label }) => label).join('\n')
  const data = useMemo(
    (): uPlot.AlignedData => [atMs.map((ms) => ms / 1_000), ...lines.map(({ values }) => [...values])],
    [atMs, lines],
  )
  const drawn = useRef(data)
  drawn.current = data

  useEffect(() => {
    const element = place.current
    if (element === null) return undefined
    const draw = (): void => {
      chart.current?.destroy()
      chart.current = new uPlot(options(element, latest.current), drawn.current, element)
    }
    draw()
    const resize = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height }))
    resize.observe(element)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', draw)
    return () => {
      resize.disconnect()
      scheme.removeEventListener('change', draw)
      chart.current?.destroy()
      chart.current = undefined
    }
  }, [shape])

  useEffect(() => chart.current?.setData(data), [data])

  return (
    <figure>
      <figcaption>
        {title} <span class="dim">{note}</span>
      </figcaption>
      <div ref={place} class="plot" role="img" aria-label={spoken(title, lines)} />
    </figure>
  )
}

/** What the picture shows, for those who don't see it. */
const spoken = (title: string, lines: readonly Line[]): string =>
  `${title} over time. Last: ${lines.map(({ label }, at) => `${label} ${lastOf(lines)[at]}`).join(', ')}.`

const lastOf = (lines: readonly Line[]): string[] =>
  lines.map(({ values, show }) => {
    const last = values.findLast((value) => value !== null)
    return last === undefined || last === null ? 'not known' : show(last)
  })

function options(element: HTMLElement, lines: readonly Line[]): uPlot.Options {
  const style = getComputedStyle(element)
  const color = (name: string): string => style.getPropertyValue(name).trim()
  const axis = {
    stroke: color('--dim'),
    grid: { stroke: color('--rule'), width: 1 },
    ticks: { stroke: color('--rule') },
  }
  const scales = [...new Map(lines.map((line) => [line.scale, line])).values()]
  return {
    width: element.clientWidth,
    height,
    cursor: { drag: { x: false, y: false } },
    legend: { live: false },
    scales: Object.fromEntries(
      scales.map(({ scale }) => [scale, { range: (_: uPlot, __: number, max: number) => [0, Math.max(max, 1) * 1.1] }]),
    ),
    axes: [
      axis,
      ...scales.map(({ scale, show }, at) => ({
        ...axis,
        scale,
        side: at === 0 ? (3 as const) : (1 as const),
        grid: at === 0 ? axis.grid : { show: false },
        size: 76,
        values: (_: uPlot, ticks: number[]) => ticks.map(show),
      })),
    ],
    series: [
      {},
      ...lines.map(({ label, color: name, scale, dashed, show }) => ({
        label,
        scale,
        stroke: color(name),
        width: 2,
        spanGaps: true,
        points: { show: false },
        ...(dashed ? { dash: [6, 4] } : {}),
        value: (_: uPlot, value: number | null) => (value === null ? '–' : show(value)),
      })),
    ],
  }
}
