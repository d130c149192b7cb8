import type { Failure, FleetStatus, Progress, RunStatus } from '@cachewarmer/core'

/** A moment of a run. */
export interface TimelineSample {
  readonly atMs: number
  /** So far. */
  readonly files: number
  readonly bytes: number
  readonly addresses: readonly AddressSample[]
}

interface AddressSample {
  readonly address: string
  readonly p50Ms?: number
  readonly p99Ms?: number
}

/** The moments in columns. `files` and `bytes` are sums since the start; a latency that was not measured is null. */
export interface TimelineData {
  readonly atMs: readonly number[]
  readonly files: readonly number[]
  readonly bytes: readonly number[]
  readonly latency: Readonly<Record<string, LatencyColumns>>
}

interface LatencyColumns {
  readonly p50Ms: readonly (number | null)[]
  readonly p99Ms: readonly (number | null)[]
}

export const emptyTimeline: TimelineData = { atMs: [], files: [], bytes: [], latency: {} }

const firstStepMs = 1_000

interface Point {
  readonly atMs: number
  readonly files: number
  readonly bytes: number
  readonly latency: ReadonlyMap<string, { readonly p50Ms: number | null; readonly p99Ms: number | null }>
}

/**
 * A whole run in a bounded number of points, however long it takes: whenever they become too many, two become one and
 * the step between them doubles. Of merged points the later sums stay, the later median and the higher 99th percentile.
 */
export class Timeline {
  readonly #maxPoints: number
  #points: Point[] = []
  #stepMs = firstStepMs

  constructor(maxPoints = 360) {
    this.#maxPoints = maxPoints
  }

  add({ atMs, files, bytes, addresses }: TimelineSample): void {
    const latency = new Map(
      addresses.map(({ address, p50Ms, p99Ms }) => [address, { p50Ms: p50Ms ?? null, p99Ms: p99Ms ?? null }] as const),
    )
    this.#push({ atMs, files, bytes, latency })
    while (this.#points.length > this.#maxPoints) {
      const points = this.#points
      this.#points = []
      this.#stepMs *= 2
      for (const point of points) this.#push(point)
    }
  }

  data(): TimelineData {
    const points = this.#points
    const addresses = new Set(points.flatMap(({ latency }) => [...latency.keys()]))
    return {
      atMs: points.map(({ atMs }) => Math.round(atMs)),
      files: points.map(({ files }) => files),
      bytes: points.map(({ bytes }) => bytes),
      latency: Object.fromEntries(
        [...addresses].map((address) => [
          address,
          {
            p50Ms: points.map(({ latency }) => rounded(latency.get(address)?.p50Ms)),
            p99Ms: points.map(({ latency }) => rounded(latency.get(address)?.p99Ms)),
          },
        ]),
      ),
    }
  }

  #push(point: Point): void {
    const last = this.#points.at(-1)
    const bucket = (atMs: number): number => Math.floor(atMs / this.#stepMs)
    if (last === undefined || bucket(last.atMs) !== bucket(point.atMs)) this.#points.push(point)
    else this.#points[this.#points.length - 1] = merged(last, point)
  }
}

function merged(earlier: Point, later: Point): Point {
  const latency = new Map(earlier.latency)
  for (const [address, { p50Ms, p99Ms }] of later.latency) {
    const before = latency.get(address)
    latency.set(address, { p50Ms: p50Ms ?? before?.p50Ms ?? null, p99Ms: higher(before?.p99Ms, p99Ms) })
  }
  return { ...later, latency }
}

const higher = (a: number | null | undefined, b: number | null): number | null =>
  a === undefined || a === null ? b : b === null ? a : Math.max(a, b)

/** To the microsecond. */
const rounded = (ms: number | null | undefined): number | null =>
  ms === undefined || ms === null ? null : Math.round(ms * 1_000) / 1_000

/** What a manager is doing, all at once and in brief. Times are milliseconds since 1970, by the manager's clock. */
export interface Overview {
  readonly v: 1
  readonly nowMs: number
  readonly manager: ManagerView
  readonly fleet: FleetStatus
  /** Running ones first, then those that have ended, the latest first. */
  readonly runs: readonly RunSummary[]
  /** Workers that were heard of late. */
  readonly workers: readonly WorkerView[]
}

export interface ManagerView {
  readonly name: string
  readonly prefix: string
  /** One manager leads; the others of a prefix stand by and know of no running one. */
  readonly leading: boolean
  readonly startedAtMs: number
  /** Whether this viewer may also pause, resume, cancel and change runs. */
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
  /** How much of the run is done, 0 to 1; absent while it is unknown. */
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
