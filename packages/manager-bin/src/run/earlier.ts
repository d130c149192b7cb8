import { isDeepStrictEqual } from 'node:util'
import type { Job } from '@cachewarmer/core'
import type { Ledger } from '../ledger/ledger.ts'
import type { EarlierTotals } from './expected.ts'

/** How far back an earlier run of a job is looked for. */
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
const beside = ['jobId', 'weight', 'maxBytesPerSecond', 'maxRequestsPerSecond', 'maxWorkers', 'addresses', 'through']

const workOf = (job: Job): object => Object.fromEntries(Object.entries(job).filter(([key]) => !beside.includes(key)))
