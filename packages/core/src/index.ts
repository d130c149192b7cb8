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

export { parseAddress } from './addresses.ts'
export type { Ceilings, Control } from './control.ts'
export { ceilingsOf, changeCeilings, decodeControl, encodeControl } from './control.ts'
export type { Counts, LevelCounts, MountCounts, SampleCounts, SizeCounts } from './counts.ts'
export { addCounts, emptyCounts, MOST, saturatingSum } from './counts.ts'
export { decodeName } from './decode-name.ts'
export type { CoreErrorCode, Problem } from './errors.ts'
export { CoreError, isCoreError, problem } from './errors.ts'
export type { EarlierRun, Estimate, EstimateFacts } from './estimate.ts'
export { estimate } from './estimate.ts'
export { compileExpression } from './expression.ts'
export type { FailureList } from './failure-list.ts'
export { decodeFailureList, encodeFailureList, packFailures } from './failure-list.ts'
export type { Filter, FilterRules, LeftOutEntry, LeftOutRule, SnapshotDirectory } from './filter.ts'
export { compileFilter, LEFT_OUT_RULES, SNAPSHOT_DIRECTORIES } from './filter.ts'
export { compileGoPattern } from './glob-go.ts'
export { compilePathPattern } from './glob-path.ts'
export type { FileUnderWay, Heartbeat, HeldAttempt, LimitState, MountState, Waiting } from './heartbeat.ts'
export { limitsTogether } from './heartbeat.ts'
export { childItem, childOf, isRootItem, makeId, ROOT_ITEM, rootItem } from './ids.ts'
export { compileIgnoreRules, parseIgnoreRule } from './ignore-rules.ts'
export type { Envelope, Item, Part } from './item.ts'
export { decodeItem, encodeItem, partBytes, readEnvelope } from './item.ts'
export type { ParseJobOptions, ReadJob } from './job-codec.ts'
export { decodeJob, encodeJob, makeJob, parseJob } from './job-codec.ts'
export type { DirectoryRule, Job, JobOption } from './job-fields.ts'
export { jobOptions, MAX_SPEC_BYTES, SINCE_LAST } from './job-fields.ts'
export type { Latencies, LatencyHistogram } from './latencies.ts'
export { latencyHistogram } from './latencies.ts'
export type { FamilyState, ItemState, LedgerChange, LedgerRows, LedgerView } from './ledger.ts'
export { fold, isDone } from './ledger.ts'
export type { LegacyWork } from './legacy-work.ts'
export { decodeLegacyWork, encodeLegacyWork, LEGACY_LARGE_FILE_BYTES, legacyHolds } from './legacy-work.ts'
export type { JobList, ListChunk } from './list-chunk.ts'
export { decodeListChunk, encodeListChunk, listItem, MAX_LIST_CHUNKS } from './list-chunk.ts'
export type { ListPackerOptions } from './list-packer.ts'
export { ListPacker } from './list-packer.ts'
export type { Ledger } from './memory-ledger.ts'
export { memoryLedger } from './memory-ledger.ts'
export type { QueueNames } from './names.ts'
export { checkPrefix, Prefix, queueNames } from './names.ts'
export { ancestors, checkPath, compareNames, MAX_PATH_BYTES, nameBytes, normalisePath } from './paths.ts'
export type { PoisonNote } from './poison-note.ts'
export { encodePoisonNote } from './poison-note.ts'
export type { Failure, FailurePart, ItemResult, ResultMessage } from './result.ts'
export { decodeResult, encodeResult, failureParts } from './result.ts'
export type { DivideOptions, SplitDecision, SplitPolicy, SplitSituation } from './split.ts'
export { DEFAULT_SPLIT_POLICY, decideSplit, divide, unitsOf } from './split.ts'
export type { FleetStatus, Outcome, Progress, RunState, RunStatus } from './status.ts'
export { MAX_ADMITTED } from './status.ts'
export { bareStatus, decodeStatus, encodeStatus } from './status-codec.ts'
export { fromWire, MAX_WIRE_BYTES, toWire, wireBytes } from './text.ts'
