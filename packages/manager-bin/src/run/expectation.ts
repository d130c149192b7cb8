import { type Counts, type EarlierRun, type Estimate, estimate, type Job } from '@cachewarmer/core'
import type { EndedRun } from '../ledger/ledger.ts'

/** Files that each root item of an estimate reads where no earlier run tells how fast that goes. */
export const sampleFiles = 16
/** As many reads in flight as a worker has while it measures; see `measureReads` of the walker. */
const readsAtOnce = 8
/** Shorter runs say more of starting and ending than of reading. */
const leastElapsedMs = 2_000
const leastFiles = 1_000

export interface MachinePrice {
  /** US dollars. */
  readonly dollarsAnHour: number
}

/** The latest run that read whole files of the same export through the same addresses in the same way. */
export function earlierRun(job: Job, ended: readonly EndedRun[]): EarlierRun | undefined {
  const alike = ended.find(({ record, counts }) => {
    const { startedAtMs, endedAtMs = startedAtMs } = record
    const long = endedAtMs - startedAtMs >= leastElapsedMs && counts.files >= leastFiles
    return long && record.job.mode === 'data' && placeOf(record.job) === placeOf(job)
  })
  if (alike === undefined) return undefined
  const { run, startedAtMs, endedAtMs = startedAtMs } = alike.record
  const { files, bytes } = alike.counts
  return { run, files, bytes, elapsedMs: endedAtMs - startedAtMs, endedAtMs }
}

const placeOf = ({ addresses, exportPath, through, headBytes }: Job): string =>
  JSON.stringify([addresses.toSorted(), exportPath, through, headBytes])

/** What warming would take by what is known; undefined where nothing was measured yet. */
export function expectation(
  job: Job,
  counts: Counts,
  known: {
    readonly earlier: EarlierRun | undefined
    readonly maxWorkers: number
    readonly price: MachinePrice | undefined
  },
): Estimate | undefined {
  const workers = Math.max(1, Math.min(known.maxWorkers, job.maxWorkers ?? known.maxWorkers))
  return estimate({ counts, earlier: known.earlier, workers, readsAtOnce, dollarsAnHour: known.price?.dollarsAnHour })
}
