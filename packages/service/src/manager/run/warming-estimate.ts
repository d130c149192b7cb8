import { type Counts, type EarlierRun, type Estimate, estimate, type Job } from '@cachewarmer/core'

/** Files that each root item of an estimate reads where no earlier run tells how fast that goes. */
export const sampleFiles = 16
/** As many reads in flight as a worker has while it measures; see `measureReads` of the walker. */
const readsAtOnce = 8
export interface MachinePrice {
  /** US dollars. */
  readonly dollarsAnHour: number
}

/** What warming would take by what is known; undefined where nothing was measured yet. */
export function warmingEstimate(
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
