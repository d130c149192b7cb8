import { aJob, aRunId } from '@cachewarmer/core/testing'
import type { RunRecord } from '../ledger/ledger.ts'

/** A run as the ledger remembers it. */
export const aRecord = (given: Partial<RunRecord> = {}): RunRecord => ({
  run: aRunId,
  jobMessageId: 'message-1',
  jobInsertedAtMs: 1_000,
  job: aJob(),
  warnings: [],
  startedAtMs: 2_000,
  generation: 0,
  rootSent: false,
  paused: false,
  revision: 1,
  weight: 10,
  ceilings: {},
  ...given,
})
