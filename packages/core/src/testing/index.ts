/*
 * For tests of this package's users: valid messages to start from, and the suite that every ledger must pass. Needs no
 * test runner of its own: hand in the one you have.
 */
export {
  aFailurePart,
  aHeartbeat,
  aHeldAttempt,
  aJob,
  anItem,
  aResult,
  aRunId,
  aStatus,
  readCounts,
} from './builders.ts'
export { type DescribeLedgerOptions, describeLedger, type LedgerUnderTest, type TestKit } from './describe-ledger.ts'
export { memoryLedger } from './memory-ledger.ts'
export { between, seededRandom, shuffled } from './random.ts'
