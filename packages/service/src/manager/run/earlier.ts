import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { type EarlierRun, fieldsThatDecide, type Job, sinceLast } from '@cachewarmer/core'
import type { Ledger, RunRecord } from '../ledger/ledger.ts'
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

const workOf = (job: Job): Partial<Job> =>
  without(job, [...fieldsThatDecide('nothing read'), ...fieldsThatDecide('addresses')])

function without(job: Job, fields: readonly (keyof Job)[]): Partial<Job> {
  return Object.fromEntries(Object.entries(job).filter(([key]) => !fields.includes(key as keyof Job)))
}

/** Shorter runs say more of starting and ending than of reading. */
const leastElapsedMs = 2_000
const leastFiles = 1_000

/** The latest run that read whole files of the same export through the same addresses in the same way. */
export function earlierRun(ledger: Ledger, of: PlaceOfRun): EarlierRun | undefined {
  const alike = ledger.endedRuns(runsBack).find(({ record, counts }) => {
    const { startedAtMs, endedAtMs = startedAtMs } = record
    const long = endedAtMs - startedAtMs >= leastElapsedMs && counts.files >= leastFiles
    return long && record.job.mode === 'data' && placeOf(record) === placeOf(of)
  })
  if (alike === undefined) return undefined
  const { run, startedAtMs, endedAtMs = startedAtMs } = alike.record
  const { files, bytes } = alike.counts
  return { run, files, bytes, elapsedMs: endedAtMs - startedAtMs, endedAtMs }
}

type PlaceOfRun = Pick<RunRecord, 'job' | 'hosts'>

/** Hosts as they were submitted: a name is the same place also where it has another address now. */
function placeOf({ job, hosts }: PlaceOfRun): string {
  const { addresses, exportPath, through, headBytes } = job
  const submitted = hosts?.map(({ name }) => name) ?? addresses
  return JSON.stringify([submitted.toSorted(), exportPath, through, headBytes])
}

/** The filer's clock may be behind the manager's by this much: files are taken that changed as long before the last warm-up. */
const skewMarginMs = 10 * 60_000

/**
 * What makes two jobs the same for "since the last warm-up": all that says which bytes get where. A label says nothing of
 * that: a job of the same name with another path must not skip files that were never read.
 */
export function specificationOf(job: Job): string {
  const what = without(job, ['modifiedSince', ...fieldsThatDecide('nothing read')])
  const same = { ...what, addresses: job.addresses.toSorted(), paths: job.paths.toSorted() }
  const inOrder = Object.entries(same).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(inOrder)).digest('hex')
}

/**
 * The job with the time of its last complete warm-up in place of "last", and what to say of it. Without one all files are
 * taken, and so they are where it lies in the future: then the wall clock was set back, and says nothing of that time.
 */
export function resolveSinceLast(
  job: Job,
  ledger: Pick<Ledger, 'lastWarmedMs'>,
  nowMs: number,
): { job: Job; warnings: string[] } {
  if (job.modifiedSince !== sinceLast) return { job, warnings: [] }
  const { modifiedSince: _, ...all } = job
  const lastMs = ledger.lastWarmedMs(specificationOf(job))
  if (lastMs === undefined)
    return { job: all, warnings: ['No earlier warm-up of this job read everything: all files are taken.'] }
  if (lastMs > nowMs + skewMarginMs)
    return {
      job: all,
      warnings: [
        'The clock was set back since the last warm-up of this job, when that was is not known: all files are taken.',
      ],
    }
  return { job: { ...all, modifiedSince: new Date(lastMs - skewMarginMs).toISOString() }, warnings: [] }
}

/**
 * When a run began that is over now, by the wall clock: the earlier one of what it showed then, and of what it shows now
 * less the time since. Where it was put right meanwhile, the earlier one takes more files than need be, never fewer.
 * Undefined where the run would have begun in the future.
 */
export function beganBy(
  { startedAtMs, startedWallMs = startedAtMs }: Pick<RunRecord, 'startedAtMs' | 'startedWallMs'>,
  now: { readonly steadyMs: number; readonly wallMs: number },
): number | undefined {
  const beganMs = Math.min(startedWallMs, now.wallMs - (now.steadyMs - startedAtMs))
  return beganMs > now.wallMs ? undefined : beganMs
}
