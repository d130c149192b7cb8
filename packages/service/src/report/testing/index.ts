import { emptyCounts, type Job, makeJob, type RunStatus } from '@cachewarmer/core'

export const aJob = (given: Partial<Job> = {}): Job =>
  makeJob({ addresses: ['10.0.1.11', '10.0.1.12'], exportPath: '/animation', paths: ['/scene1'], ...given }).job

/** A run of `aJob` that has just begun. */
export const aStatus = (given: Partial<RunStatus> = {}): RunStatus => ({
  v: 1,
  run: 'run000000001',
  jobMessageId: 'm1',
  jobInsertedAtMs: Date.UTC(2026, 0, 1),
  job: aJob(),
  state: 'running',
  revision: 1,
  ceilings: {},
  weight: 10,
  progress: {
    counts: emptyCounts(),
    items: { announced: 1, done: 0 },
    workers: 1,
    ratesPerSecond: { files: 0, bytes: 0 },
    elapsedMs: 0,
  },
  failures: [],
  warnings: [],
  mounts: [],
  startedAtMs: Date.UTC(2026, 0, 1, 0, 0, 1),
  updatedAtMs: Date.UTC(2026, 0, 1, 0, 0, 1),
  ...given,
})

/** A run that has ended so, ten seconds after it began. */
export const anEnded = (outcome: NonNullable<RunStatus['outcome']>, given: Partial<RunStatus> = {}): RunStatus => {
  const endedAtMs = Date.UTC(2026, 0, 1, 0, 0, 11)
  return aStatus({ state: 'ended', outcome, endedAtMs, updatedAtMs: endedAtMs, ...given })
}

/** `aStatus` with these counts, and everything else about its progress as it was. */
export const withCounts = (
  status: RunStatus,
  counts: Partial<RunStatus['progress']['counts']>,
  progress: Partial<RunStatus['progress']> = {},
): RunStatus => ({
  ...status,
  progress: { ...status.progress, ...progress, counts: { ...status.progress.counts, ...counts } },
})
