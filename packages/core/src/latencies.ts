import { type Static, Type } from 'typebox'
import { strict, Whole } from './validate.ts'

const BINS = 70
const BINS_PER_DECADE = 10
const FIRST_DECADE = -2

export const Latencies = Type.Record(
  Type.String({ pattern: '^([0-9]|[1-6][0-9])$' }),
  Whole('Reads that took so long.'),
  {
    ...strict,
    maxProperties: BINS,
    description:
      'Reads by how long they took, ten bins a decade: "n" from 10^((n - 20) / 10) ms up to the next, "0" also for shorter ones, "69" also for longer ones. Of files that were read through no other address before: what the cold reads took.',
  },
)
/** Reads by how long they took. Adds up; has no entry for a bin without reads. */
export type Latencies = Static<typeof Latencies>

/** How many there are between which two ends, in milliseconds: `counts[i]` from `edgesMs[i]` up to below `edgesMs[i + 1]`. */
export interface LatencyHistogram {
  readonly edgesMs: readonly number[]
  readonly counts: readonly number[]
}

const edgeMs = (bin: number): number => 10 ** (FIRST_DECADE + bin / BINS_PER_DECADE)

/** From the first bin that has a read to the last one; empty for no reads. */
export function latencyHistogram(latencies: Latencies): LatencyHistogram {
  const bins = Object.entries(latencies).flatMap(([bin, reads]) => (reads > 0 ? [Number(bin)] : []))
  if (bins.length === 0) return { edgesMs: [], counts: [] }
  const first = Math.min(...bins)
  const length = Math.max(...bins) - first + 1
  return {
    edgesMs: Array.from({ length: length + 1 }, (_, at) => edgeMs(first + at)),
    counts: Array.from({ length }, (_, at) => latencies[first + at] ?? 0),
  }
}
