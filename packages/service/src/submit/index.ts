/*
 * job      what a person submits; goes by a label, else by the id of its message
 * run      one execution of a job by a manager; has a status that everybody can look at
 * status   what a run says of itself, rewritten every second or so
 * target   what a person calls a job: its label, its run's id, or its message's id
 * report   a status in the words of a person, or as JSON for a program
 */

export type { AddressFacts, Report, ReportOptions } from '../report/index.ts'
export { printable, renderReport, reportJson } from '../report/index.ts'
export type { ControlledJob, ControlOptions, JobChange } from './control.ts'
export { cancelJob, changeJob, pauseJob, resumeJob } from './control.ts'
export type { SubmitErrorCode } from './errors.ts'
export { isSubmitError, SubmitError } from './errors.ts'
export type { FailuresOptions } from './failures.ts'
export { findRun, listFailures } from './failures.ts'
export type { ListedPath, ReadPathsOptions } from './list/read-paths.ts'
export { readPaths } from './list/read-paths.ts'
export type { Manifest } from './manifest/parse-manifest.ts'
export { parseManifest } from './manifest/parse-manifest.ts'
export { preview } from './manifest/preview.ts'
export type { Board } from './progress/boards.ts'
export { jsonBoard, liveBoard, plainBoard } from './progress/boards.ts'
export type { ProgressStream, ProgressView } from './progress/view.ts'
export { progressView } from './progress/view.ts'
export type { ReadRequest } from './read-job.ts'
export { listOf, readJob } from './read-job.ts'
export type { RetriedJob, RetryOptions } from './retry.ts'
export { retryRun } from './retry.ts'
export type { RunListing, UnreadableRun } from './runs.ts'
export { findRuns, goesBy, listRuns } from './runs.ts'
export type { SubmitListOptions, SubmitOptions, SubmittedJob } from './submit.ts'
export { submitJob, submitWithList } from './submit.ts'
export { findCandidates, unknownTarget } from './target.ts'
export type { WaitingJob } from './waiting.ts'
export { lookAtJobs } from './waiting.ts'
export type { WaitingPlace, WatchedJob, WatchOptions } from './watch.ts'
export { watchJob } from './watch.ts'
