import type { FleetStatus, Outcome, RunStatus } from '@cachewarmer/core'
import { totalFailures } from '../../report/index.ts'
import {
  emptyTimeline,
  type FailureList,
  type ManagerView,
  type Overview,
  type ReportData,
  type RunSummary,
  type RunView,
  Timeline,
  type TimelineData,
  type WorkerView,
} from '../../report/page/index.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ManagerObserver, ManagerPorts } from '../ports.ts'
import { endedStatus } from '../run/status.ts'

/** What is served to people and programs that look at this manager. */
export interface StatusSource {
  overview(): Overview
  /** Undefined for an unknown run, here and below. */
  run(run: string): RunView | undefined
  failures(run: string): FailureList | undefined
  report(run: string): ReportData | undefined
}

/** Ended runs that are shown, and failures of a run that are listed: bounds of a page, not of what is kept. */
const endedRuns = 100
const listedFailures = 10_000
/** How often the ledger is asked for runs that another manager ended. */
const recallMs = 10_000

interface LiveRun {
  status: RunStatus
  workers: () => readonly WorkerView[]
  readonly timeline: Timeline
}

interface EndedRun {
  readonly status: RunStatus
  /** Known of runs that ended under this process alone. */
  readonly timeline: TimelineData
}

/** What is known of all runs, in memory: the last status of each, a bounded history, and the workers' last heartbeats. */
export class StatusStore implements ManagerObserver, StatusSource {
  readonly meter: Meter = new Meter()
  readonly #ports: Pick<ManagerPorts, 'clock' | 'fleet'> & { readonly ledger: Ledger }
  readonly #manager: Omit<ManagerView, 'leading' | 'startedAtMs'>
  readonly #startedAtMs: number
  readonly #live = new Map<string, LiveRun>()
  readonly #ended = new Map<string, EndedRun>()
  #recalledAtMs = Number.NEGATIVE_INFINITY
  #leading = false

  constructor(
    ports: Pick<ManagerPorts, 'clock' | 'fleet' | 'ledger'>,
    manager: Omit<ManagerView, 'leading' | 'startedAtMs'>,
  ) {
    this.#ports = ports
    this.#manager = manager
    this.#startedAtMs = ports.clock.now()
  }

  get leading(): boolean {
    return this.#leading
  }

  get fleet(): FleetStatus {
    return this.#ports.fleet.observe()
  }

  /** Last statuses of the runs under way, in the order in which they started. */
  get statuses(): readonly RunStatus[] {
    return [...this.#live.values()].map(({ status }) => status)
  }

  leads(leading: boolean): void {
    this.#leading = leading
    // What this manager let go of continues elsewhere, or nowhere.
    this.#live.clear()
  }

  run(run: string): RunView | undefined {
    const known = this.#known(run)
    return known === undefined ? undefined : { v: 1, nowMs: this.#ports.clock.now(), ...known }
  }

  saw(status: RunStatus, workers: () => readonly WorkerView[]): void {
    const timeline = this.#live.get(status.run)?.timeline ?? new Timeline()
    const { files, bytes } = status.progress.counts
    timeline.add({ atMs: status.updatedAtMs, files, bytes, addresses: status.mounts })
    this.meter.see(status)
    if (status.state !== 'ended') {
      this.#live.set(status.run, { status, workers, timeline })
      return
    }
    this.#live.delete(status.run)
    this.#end({ status, timeline: timeline.data() })
  }

  overview(): Overview {
    this.#recall()
    const nowMs = this.#ports.clock.now()
    const live = this.statuses
    const ended = [...this.#ended.values()].map(({ status }) => status).sort(latestFirst)
    return {
      v: 1,
      nowMs,
      manager: { ...this.#manager, leading: this.#leading, startedAtMs: this.#startedAtMs },
      fleet: this.fleet,
      runs: [...live, ...ended].map(summaryOf),
      workers: this.workers(),
    }
  }

  failures(run: string): FailureList | undefined {
    const known = this.#known(run)
    if (known === undefined) return undefined
    const listed = this.#ports.ledger.failures(run, listedFailures)
    return { v: 1, total: totalFailures(known.status), failures: listed }
  }

  report(run: string): ReportData | undefined {
    const known = this.#known(run)
    if (known === undefined) return undefined
    return { ...known, failures: this.#ports.ledger.failures(run, listedFailures) }
  }

  /** A worker that is at several runs is one worker. */
  workers(): WorkerView[] {
    const merged = new Map<string, WorkerView>()
    for (const { workers } of this.#live.values()) {
      for (const worker of workers()) {
        const known = merged.get(worker.name)
        merged.set(worker.name, known === undefined ? worker : together(known, worker))
      }
    }
    return [...merged.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #known(run: string): EndedRun | undefined {
    const live = this.#live.get(run)
    if (live !== undefined) return { status: live.status, timeline: live.timeline.data() }
    this.#recall()
    return this.#ended.get(run)
  }

  /** Runs of earlier processes, and of the manager that leads while this one stands by. */
  #recall(): void {
    const now = this.#ports.clock.now()
    if (now - this.#recalledAtMs < recallMs) return
    this.#recalledAtMs = now
    for (const record of this.#ports.ledger.recentRuns(endedRuns).toReversed()) {
      if (record.outcome === undefined || this.#ended.has(record.run)) continue
      this.#end({ status: endedStatus(this.#ports.ledger, record), timeline: emptyTimeline })
    }
  }

  #end(run: EndedRun): void {
    this.#ended.set(run.status.run, run)
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= endedRuns) break
      this.#ended.delete(oldest)
    }
  }
}

const latestFirst = (a: RunStatus, b: RunStatus): number => (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0)

function together(one: WorkerView, other: WorkerView): WorkerView {
  const [a, b] = [one.ratesPerSecond, other.ratesPerSecond]
  return {
    name: one.name,
    seenAtMs: Math.max(one.seenAtMs, other.seenAtMs),
    ratesPerSecond: { files: a.files + b.files, bytes: a.bytes + b.bytes },
    work: [...one.work, ...other.work],
  }
}

function summaryOf(status: RunStatus): RunSummary {
  const { run, label, jobMessageId, job, state, outcome, problem, weight, startedAtMs, updatedAtMs, endedAtMs } = status
  const { counts, ratesPerSecond, workers, elapsedMs, expected, timeLeftMs } = status.progress
  return {
    run,
    ...(label === undefined ? {} : { label }),
    jobMessageId,
    state,
    ...(outcome === undefined ? {} : { outcome }),
    ...(problem === undefined ? {} : { problem }),
    weight,
    startedAtMs,
    updatedAtMs,
    ...(endedAtMs === undefined ? {} : { endedAtMs }),
    place:
      job === null ? '' : `${job.exportPath === '/' ? '' : job.exportPath}${job.paths[0]}${more(job.paths.length)}`,
    files: counts.files,
    bytes: counts.bytes,
    failures: totalFailures(status),
    ratesPerSecond,
    workers,
    elapsedMs,
    ...(expected === undefined ? {} : { share: expected.share }),
    ...(timeLeftMs === undefined ? {} : { timeLeftMs }),
  }
}

const more = (paths: number): string => (paths > 1 ? ` and ${paths - 1} more` : '')

/** Sums over all runs that this process has seen; none of them ever falls. */
export interface MeterTotals {
  readonly files: number
  readonly bytes: number
  readonly directories: number
  readonly failures: ReadonlyMap<string, number>
  readonly ended: ReadonlyMap<Outcome, number>
}

interface Mark {
  readonly files: number
  readonly bytes: number
  readonly directories: number
  readonly failures: Readonly<Record<string, number>>
}

/**
 * Makes counters of what statuses say. A status may step back, when an attempt dies and takes its heartbeats with it: each run
 * has a mark of the highest that was seen, and only what is beyond it is added. What a run had read before this process
 * saw it is not counted again.
 */
export class Meter {
  readonly #marks = new Map<string, Mark>()
  readonly #failures = new Map<string, number>()
  readonly #ended = new Map<Outcome, number>()
  #files = 0
  #bytes = 0
  #directories = 0

  get totals(): MeterTotals {
    return {
      files: this.#files,
      bytes: this.#bytes,
      directories: this.#directories,
      failures: this.#failures,
      ended: this.#ended,
    }
  }

  see({ run, state, outcome, progress: { counts } }: RunStatus): void {
    const before = this.#marks.get(run) ?? counts
    const higher = (key: 'files' | 'bytes' | 'directories'): number => Math.max(before[key], counts[key])
    const mark = { files: higher('files'), bytes: higher('bytes'), directories: higher('directories') }
    this.#files += mark.files - before.files
    this.#bytes += mark.bytes - before.bytes
    this.#directories += mark.directories - before.directories
    const failures: Record<string, number> = { ...before.failures }
    for (const [code, count] of Object.entries(counts.failures)) {
      const known = failures[code] ?? 0
      if (count <= known) continue
      this.#failures.set(code, (this.#failures.get(code) ?? 0) + count - known)
      failures[code] = count
    }
    if (state !== 'ended') this.#marks.set(run, { ...mark, failures })
    else {
      this.#marks.delete(run)
      if (outcome !== undefined) this.#ended.set(outcome, (this.#ended.get(outcome) ?? 0) + 1)
    }
  }
}
