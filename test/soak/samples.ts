import { readFileSync } from 'node:fs'

/** What one process held at one moment. */
export interface Sample {
  readonly atMs: number
  readonly program: string
  readonly pid: number
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
  readonly handles: number
  /** Right after a collection of garbage: the heap holds what is held. */
  readonly collected: boolean
}

/** The samples of one process, in their order. */
export interface Life {
  readonly name: string
  readonly samples: readonly Sample[]
}

export const measures = {
  rss: { title: 'Resident memory, MiB', of: (sample: Sample) => sample.rss / 2 ** 20 },
  heap: { title: 'Heap after a collection, MiB', of: (sample: Sample) => sample.heapUsed / 2 ** 20 },
  handles: { title: 'Open files and sockets', of: (sample: Sample) => sample.handles },
} as const
export type Measure = keyof typeof measures

/** A line that was cut by a kill is no sample. */
function parse(line: string): Sample[] {
  try {
    return [JSON.parse(line) as Sample]
  } catch {
    return []
  }
}

/** The managers and workers among the samples; shells that submit come and go and are left out. */
export function readLives(file: string): Life[] {
  const byPid = new Map<number, Sample[]>()
  for (const sample of readFileSync(file, 'utf8').split('\n').flatMap(parse)) {
    if (sample.program !== 'manager' && sample.program !== 'worker') continue
    byPid.set(sample.pid, [...(byPid.get(sample.pid) ?? []), sample])
  }
  return [...byPid].map(([pid, samples]) => ({ name: `${samples[0]?.program} ${pid}`, samples }))
}

export function toCsv(lives: readonly Life[], beganAtMs: number): string {
  const rows = lives.flatMap(({ name, samples }) =>
    samples.map((sample) => ({
      atMs: sample.atMs,
      row: [
        ((sample.atMs - beganAtMs) / 1_000).toFixed(1),
        ...name.split(' '),
        ...Object.values(measures).map(({ of }) => of(sample).toFixed(2)),
      ].join(','),
    })),
  )
  const sorted = rows.toSorted((a, b) => a.atMs - b.atMs).map(({ row }) => row)
  return ['seconds,program,pid,rss_mib,heap_mib,handles', ...sorted, ''].join('\n')
}

/** A straight line through points, by least squares. */
interface Trend {
  readonly perHour: number
  readonly mean: number
}

const warmUpShare = 0.25

/** The heap is looked at where its garbage is gone, the rest all the time. */
export const seenBy = (measure: Measure, samples: readonly Sample[]): readonly Sample[] =>
  measure === 'heap' ? samples.filter(({ collected }) => collected) : samples

/** How a measure of one life moves once it has warmed up. Undefined for a life too short to tell. */
function trendOf({ samples }: Life, measure: Measure, leastMs: number): Trend | undefined {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.atMs - first.atMs < leastMs) return undefined
  const fromMs = first.atMs + (last.atMs - first.atMs) * warmUpShare
  const points = seenBy(measure, samples)
    .filter(({ atMs }) => atMs >= fromMs)
    .map((sample): [number, number] => [(sample.atMs - fromMs) / 3_600_000, measures[measure].of(sample)])
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const mean = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  if (points.length < 3 || spread === 0) return undefined
  return { perHour: points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - mean), 0) / spread, mean }
}

/** What a trend may be and still be called flat: this much an hour, or this share of what there is. */
const allowed: Readonly<Record<Measure, { readonly perHour: number; readonly share: number }>> = {
  rss: { perHour: 30, share: 0.3 },
  heap: { perHour: 8, share: 0.3 },
  handles: { perHour: 10, share: 0.3 },
}

export interface Verdict {
  readonly flat: boolean
  readonly lines: readonly string[]
}

export function verdictOf(lives: readonly Life[], leastMs: number): Verdict {
  const lines: string[] = []
  let flat = true
  for (const life of lives) {
    for (const measure of Object.keys(measures) as Measure[]) {
      const trend = trendOf(life, measure, leastMs)
      if (trend === undefined) continue
      const most = Math.max(allowed[measure].perHour, allowed[measure].share * trend.mean)
      const grows = trend.perHour > most
      if (grows) flat = false
      const change = `${trend.perHour >= 0 ? '+' : ''}${trend.perHour.toFixed(1)} an hour`
      lines.push(
        `${life.name}: ${measures[measure].title}: ${trend.mean.toFixed(1)}, ${change}${grows ? ' GROWS' : ''}`,
      )
    }
  }
  if (lines.length === 0) return { flat: false, lines: ['no process lived long enough to tell'] }
  return { flat, lines }
}
