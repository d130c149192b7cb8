/*
 * Messages, filters, ledger and split policy of the CacheWarmer. No I/O, no clock, no randomness of its own.
 *
 * job       what a person submits: addresses, export, paths, filters            - job queue
 * run       one execution of a job, with a random id; owns three queues
 * item      a piece of a run that one worker holds under one lease              - the run's work queue
 * part      paths of an item: a tree, the rest of a listing, names, a byte range
 * attempt   one worker's try at an item, with a random id
 * family    the children that one attempt split its rest into, named after it
 * result    what became of an item: counts, failures, children                  - the run's results queue
 * heartbeat what a worker does for a run: shown, never added up                 - the run's results queue
 * counts    whole numbers that add up in any order
 * ledger    the fold of results; it alone decides that a run is done
 * status    the run's public face: specification, state, ceilings, progress     - the run's status queue
 * control   cancel, pause, resume, change                                       - control queue
 * problem   a field, its value, and what was expected instead
 */

export type { CoreErrorCode, Problem } from './errors.ts'
export { CoreError, isCoreError, problem } from './errors.ts'
export { compileExpression } from './filters/expression.ts'
export type { Filter, FilterRules, LeftOutEntry, LeftOutRule, SnapshotDirectory } from './filters/filter.ts'
export {
  compileFilter,
  compileIgnoreRules,
  leftOutRules,
  parseIgnoreRule,
  snapshotDirectories,
} from './filters/filter.ts'
export { compileGoPattern, compilePathPattern } from './filters/glob.ts'
export type { ParseJobOptions, ReadJob } from './job/codec.ts'
export { decodeJob, encodeJob, makeJob, parseJob } from './job/codec.ts'
export type { JobCommand, JobOption } from './job/field.ts'
export type { DirectoryRule, Job } from './job/fields.ts'
export { fieldsThatDecide, jobOptions, maxAddresses, maxSpecBytes, sinceLast } from './job/fields.ts'
export type { LegacyWork } from './job/original-work.ts'
export { decodeLegacyWork, encodeLegacyWork, legacyHolds, legacyLargeFileBytes } from './job/original-work.ts'
export { parseAddress } from './job/reader.ts'
export type { FamilyState, ItemState, Ledger, LedgerChange, LedgerRows, LedgerView } from './ledger/fold.ts'
export { fold, isDone } from './ledger/fold.ts'
export type { Ceilings, Control } from './messages/control.ts'
export { ceilingsOf, changeCeilings, decodeControl, encodeControl } from './messages/control.ts'
export type {
  Counts,
  Latencies,
  LatencyHistogram,
  LevelCounts,
  MountCounts,
  SampleCounts,
  SizeCounts,
} from './messages/counts.ts'
export { addCounts, emptyCounts, largestCount, latencyHistogram, saturatingSum } from './messages/counts.ts'
export type { FileUnderWay, Heartbeat, HeldAttempt, LimitState, MountState, Waiting } from './messages/heartbeat.ts'
export { limitsTogether, noteOf } from './messages/heartbeat.ts'
export type { Item, Part } from './messages/item.ts'
export { decodeItem, encodeItem, partBytes } from './messages/item.ts'
export type { JobList, ListChunk, ListPackerOptions } from './messages/list.ts'
export { decodeListChunk, encodeListChunk, ListPacker, listItem, maxListChunks } from './messages/list.ts'
export type { Failure, FailureList, FailurePart, ItemResult, ResultMessage } from './messages/result.ts'
export {
  decodeFailureList,
  decodeResult,
  encodeFailureList,
  encodeResult,
  failureParts,
  packFailures,
} from './messages/result.ts'
export type { FleetStatus, NamedHost, Outcome, Progress, RunState, RunStatus } from './messages/status.ts'
export { bareStatus, decodeStatus, encodeStatus, maxAdmitted } from './messages/status.ts'
export {
  childItem,
  childOf,
  isRootItem,
  makeId,
  Prefix,
  rootItem,
  rootItemId,
} from './names/names.ts'
export {
  ancestors,
  checkPath,
  compareNames,
  decodeName,
  maxPathBytes,
  nameBytes,
  normalisePath,
} from './names/paths.ts'
export type { EarlierRun, Estimate, EstimateFacts } from './policy/estimate.ts'
export { estimate } from './policy/estimate.ts'
export type { DivideOptions, SplitDecision, SplitSituation } from './policy/split.ts'
export { decideSplit, divide, minSplitUnits, unitsOf } from './policy/split.ts'
export type { PoisonNote } from './wire/text.ts'
export { encodePoisonNote, fromWire, maxWireBytes, preview, toWire, wireBytes } from './wire/text.ts'
