import { isDeepStrictEqual } from 'node:util'
import type { EarlierRun, Job } from '@cachewarmer/core'
import type { Ledger } from '../ledger/ledger.ts'
import type { EarlierTotals } from './expected.ts'

/*
 * Two things are learnt from runs that are over: how much there is, from one that was to read just the same, and how fast
 * it goes, from any that read the same place in the same way.
 */

/** How far back an earlier run is looked for. */
const runsBack = 100

/** What the last run read that was to read just the same, and did; undefined where the ledger knows of none. */
export function earlierTotals(ledger: Ledger, job: Job): EarlierTotals | undefined {
  const wanted = workOf(job)
  const run = ledger
    .recentRuns(runsBack)
    .find(({ outcome, job: other }) => outcome === 'warmed' && isDeepStrictEqual(workOf(other), wanted))
  return run === undefined ? undefined : ledger.totals(run.run).counts
}

/** Neither what a job is called, nor how fast, nor through which addresses decides which files are read. */
const beside = [
  'jobId',
  'allowEmpty',
  'weight',
  'maxBytesPerSecond',
  'maxRequestsPerSecond',
  'maxWorkers',
  'addresses',
  'through',
]

const workOf = (job: Job): object => Object.fromEntries(Object.entries(job).filter(([key]) => !beside.includes(key)))

/** Shorter runs say more of starting and ending than of reading. */
const leastElapsedMs = 2_000
const leastFiles = 1_000

/** The latest run that read whole files of the same export through the same addresses in the same way. */
export function earlierRun(ledger: Ledger, job: Job): EarlierRun | undefined {
  const alike = ledger.endedRuns(runsBack).find(({ record, counts }) => {
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
