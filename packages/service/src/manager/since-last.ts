import { createHash } from 'node:crypto'
import { type Job, SINCE_LAST } from '@cachewarmer/core'
import type { Ledger, RunRecord } from './ledger/ledger.ts'

/** The filer's clock may go behind the manager's by so much: files are taken that changed as long before the last warm-up. */
const skewMarginMs = 10 * 60_000

/**
 * What makes two jobs the same for "since the last warm-up": all that says which bytes get where. A label says nothing of
 * that: a job of the same name with another path must not pass over files that nobody has read.
 */
export function specificationOf(job: Job): string {
  const {
    jobId: _,
    weight: __,
    maxBytesPerSecond: _b,
    maxRequestsPerSecond: _r,
    maxWorkers: _w,
    modifiedSince: ___,
    allowEmpty: _e,
    ...what
  } = job
  const same = { ...what, addresses: what.addresses.toSorted(), paths: what.paths.toSorted() }
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
  if (job.modifiedSince !== SINCE_LAST) return { job, warnings: [] }
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
