import type { RunStatus } from '@cachewarmer/core'
import type { Ledger, RunRecord } from '../ledger/ledger.ts'

const sampleFailures = 50

/** The last status of a run that ended before this process began, as the ledger has it. */
export function endedStatus(ledger: Ledger, record: RunRecord): RunStatus {
  const { run, job, outcome, startedAtMs } = record
  const endedAtMs = record.endedAtMs ?? startedAtMs
  const { counts, announced, done } = ledger.totals(run)
  return {
    v: 1,
    run,
    ...(job.jobId === undefined ? {} : { label: job.jobId }),
    jobMessageId: record.jobMessageId,
    jobInsertedAtMs: record.jobInsertedAtMs,
    job,
    state: 'ended',
    ...(outcome === undefined ? {} : { outcome }),
    revision: record.revision,
    ceilings: record.ceilings,
    weight: record.weight,
    progress: {
      counts,
      items: { announced, done },
      workers: 0,
      ratesPerSecond: { files: 0, bytes: 0 },
      elapsedMs: endedAtMs - startedAtMs,
    },
    failures: [...ledger.failures(run, sampleFailures)],
    warnings: [...record.warnings],
    mounts: [],
    startedAtMs,
    updatedAtMs: endedAtMs,
    endedAtMs,
  }
}
