/*
 * job      what a person submits; goes by a label, else by the id of its message
 * run      one execution of a job by a manager; has a status that every client can read
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
export type { RunListing, UnreadableRun, WaitingJob } from './jobs.ts'
export { findCandidates, findRuns, goesBy, listRuns, lookAtJobs, unknownTarget } from './jobs.ts'
export type { ListedPath, ReadPathsOptions } from './list.ts'
export { readPaths } from './list.ts'
export type { Manifest } from './manifest/manifest.ts'
export { parseManifest } from './manifest/manifest.ts'
export type { Board, ProgressStream, ProgressView } from './progress/boards.ts'
export { jsonBoard, liveBoard, plainBoard, progressView } from './progress/boards.ts'
export type { ReadRequest } from './read-job.ts'
export { listOf, readJob } from './read-job.ts'
export type { RetriedJob, RetryOptions } from './retry.ts'
export { retryRun } from './retry.ts'
export type { SubmitListOptions, SubmitOptions, SubmittedJob } from './submit.ts'
export { submitJob, submitWithList } from './submit.ts'
export type { WaitingPlace, WatchedJob, WatchOptions } from './watch.ts'
export { watchJob } from './watch.ts'
