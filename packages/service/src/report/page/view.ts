import type { Failure, FleetStatus, Progress, RunStatus } from '@cachewarmer/core'
import type { TimelineData } from './timeline.ts'

/** What a manager is doing, all at once and in brief. Times are milliseconds since 1970, by the manager's clock. */
export interface Overview {
  readonly v: 1
  readonly nowMs: number
  readonly manager: ManagerView
  readonly fleet: FleetStatus
  /** Those that go on first, then those that have ended, the latest first. */
  readonly runs: readonly RunSummary[]
  /** Workers that were heard of late. */
  readonly workers: readonly WorkerView[]
}

export interface ManagerView {
  readonly name: string
  readonly prefix: string
  /** One manager leads; the others of a prefix stand by and know of no run that goes on. */
  readonly leading: boolean
  readonly startedAtMs: number
  /** Whether whoever sees this may also pause, resume, cancel and change runs. */
  readonly steering: boolean
}

/** A run as a row of a table. */
export interface RunSummary
  extends Pick<
      RunStatus,
      | 'run'
      | 'label'
      | 'jobMessageId'
      | 'state'
      | 'outcome'
      | 'problem'
      | 'weight'
      | 'startedAtMs'
      | 'updatedAtMs'
      | 'endedAtMs'
    >,
    Pick<Progress, 'ratesPerSecond' | 'workers' | 'elapsedMs' | 'timeLeftMs'> {
  /** Export and first path; empty for a job that could not be read. */
  readonly place: string
  readonly files: number
  readonly bytes: number
  readonly failures: number
  /** How much of the run is done, 0 to 1; absent while nobody can tell. */
  readonly share?: number
}

/** A run with everything that is known of it but the list of its failures. */
export interface RunView {
  readonly v: 1
  readonly nowMs: number
  readonly status: RunStatus
  readonly timeline: TimelineData
}

/** A worker that was heard of late, and what it does. */
export interface WorkerView {
  readonly name: string
  /** When it was last heard of. */
  readonly seenAtMs: number
  readonly ratesPerSecond: { readonly files: number; readonly bytes: number }
  readonly work: readonly WorkView[]
}

/** An item that a worker is at. */
export interface WorkView {
  readonly run: string
  readonly item: string
  /** A path that the item covers. */
  readonly path?: string
  /** Read in this attempt so far. */
  readonly files: number
  readonly bytes: number
  /** Directories, names and ranges that it holds and has not begun. */
  readonly frontier: number
  /** Revision of the run's status that the worker goes by. */
  readonly revision: number
}

/** Failures of a run, as many as are listed, out of `total`. */
export interface FailureList {
  readonly v: 1
  readonly total: number
  readonly failures: readonly Failure[]
}

/** What the page of a run's report holds. */
export interface ReportData {
  readonly status: RunStatus
  readonly timeline: TimelineData
  readonly failures: readonly Failure[]
}
