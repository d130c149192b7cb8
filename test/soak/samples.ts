import { readFileSync } from 'node:fs'

/** Memory and handles of one process at one moment. */
export interface Sample {
  readonly atMs: number
  readonly program: string
  readonly pid: number
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
  /** Open files and sockets. */
  readonly handles: number
  /** Timers, requests and other things that keep an event loop alive. */
  readonly waiting: number
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
  external: { title: 'Buffers after a collection, MiB', of: (sample: Sample) => sample.external / 2 ** 20 },
  handles: { title: 'Open files and sockets', of: (sample: Sample) => sample.handles },
  waiting: { title: 'Timers and requests', of: (sample: Sample) => sample.waiting },
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
  return ['seconds,program,pid,rss_mib,heap_mib,external_mib,handles,waiting', ...sorted, ''].join('\n')
}

/** Until then caches fill and code is compiled. */
const warmUpShare = 0.25

/** The heap is looked at where its garbage is gone, the rest all the time. */
export const seenBy = (measure: Measure, samples: readonly Sample[]): readonly Sample[] =>
  measure === 'heap' || measure === 'external' ? samples.filter(({ collected }) => collected) : samples

interface Change {
  readonly from: number
  readonly to: number
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/**
 * A measure of one life at the beginning and at the end: medians of the first and of the last third of what follows the
 * warm-up, as faults make peaks. Undefined for a life too short to tell.
 */
function changeOf({ samples }: Life, measure: Measure, leastMs: number): Change | undefined {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.atMs - first.atMs < leastMs) return undefined
  const fromMs = first.atMs + (last.atMs - first.atMs) * warmUpShare
  const thirdMs = (last.atMs - fromMs) / 3
  const points = seenBy(measure, samples)
  const early = points.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + thirdMs)
  const late = points.filter(({ atMs }) => atMs > last.atMs - thirdMs)
  if (early.length < 3 || late.length < 3) return undefined
  const { of } = measures[measure]
  return { from: median(early.map(of)), to: median(late.map(of)) }
}

/** Growth between the two that still counts as flat: an absolute amount, or this share of the first value. */
const allowed: Readonly<Record<Measure, { readonly added: number; readonly share: number }>> = {
  rss: { added: 10, share: 0.1 },
  heap: { added: 2, share: 0.1 },
  external: { added: 2, share: 0.1 },
  handles: { added: 5, share: 0.2 },
  waiting: { added: 5, share: 0.2 },
}

export interface Verdict {
  readonly flat: boolean
  readonly lines: readonly string[]
}

/** Whether what each process held stayed the same; those that lived less than `leastMs` say nothing. */
export function verdictOf(lives: readonly Life[], leastMs: number): Verdict {
  const lines: string[] = []
  let flat = true
  for (const life of lives) {
    for (const measure of Object.keys(measures) as Measure[]) {
      const change = changeOf(life, measure, leastMs)
      if (change === undefined) continue
      const { added, share } = allowed[measure]
      const grows = change.to - change.from > Math.max(added, share * change.from)
      if (grows) flat = false
      const moved = `${change.from.toFixed(1)} -> ${change.to.toFixed(1)}${grows ? ' GROWS' : ''}`
      lines.push(`${life.name}: ${measures[measure].title}: ${moved}`)
    }
  }
  if (lines.length === 0) return { flat: false, lines: ['no process lived long enough to tell'] }
  return { flat, lines }
}
