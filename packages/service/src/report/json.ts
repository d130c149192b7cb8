import type {
  Estimate,
  Failure,
  FleetStatus,
  Job,
  LatencyHistogram,
  NamedHost,
  Outcome,
  RunState,
  RunStatus,
  SizeCounts,
} from '@cachewarmer/core'
import {
  type AddressFacts,
  addressFacts,
  elapsedMs,
  rates,
  readThrough,
  resolvedHosts,
  submittedJob,
  timeLeftMs,
  totalFailures,
} from './facts.ts'
import { limitJson } from './figures.ts'

/**
 * A run's report for programs. Keys are added, never renamed or removed, while `format` is 1. Every key is always there;
 * `null` says that there is nothing to say. Times are ISO 8601 in UTC. In paths, bytes that are no UTF-8 are lone
 * surrogates U+DC80..U+DCFF.
 */
export interface Report {
  readonly format: 1
  readonly run: string
  readonly label: string | null
  readonly messageId: string
  readonly state: RunState
  readonly outcome: Outcome | null
  /** Why the run was refused, was lost or is held up. */
  readonly problem: string | null
  /** What was asked for; null where the job could not be read. */
  readonly job: Job | null
  /** The addresses that each of the job's names stood for; none where it names addresses alone. */
  readonly names: readonly NamedHost[]
  /** Files that were read through all the addresses they were meant to be read through. */
  readonly files: number
  /** Their bytes, each file counted once; while the run lasts, with what has arrived of files that are not complete. */
  readonly bytes: number
  /** Bytes that have arrived of files that are not complete; 0 at the end. */
  readonly bytesInFlight: number
  /** At most three of these files, the largest first; `size` is null where it is not known. */
  readonly largest: readonly { readonly path: string; readonly bytes: number; readonly size: number | null }[]
  /** What requests wait for before they go out: the run's own ceiling, addresses that do not answer. */
  readonly waitsFor: { readonly ceiling: boolean; readonly addresses: readonly string[] }
  readonly directories: number
  /** Of a run that was cancelled or lost: at least this much more was read, by heartbeats of workers that never reported it. */
  readonly unreported: { readonly files: number; readonly bytes: number } | null
  /** Of modes that read no data: how many files are below `belowBytes` (a power of two) and not below half of it. */
  readonly sizes: readonly { readonly belowBytes: number; readonly files: number; readonly bytes: number }[] | null
  /** What warming would take; null unless the run was an estimate and has ended. Times in milliseconds, cost in US dollars. */
  readonly estimate: (Omit<Estimate, 'dollars'> & { readonly dollars: number | null }) | null
  /** Each file is read through `addresses` of the job's `of` addresses. */
  readonly readThrough: { readonly addresses: number; readonly of: number }
  /** `byRule` has what was filtered by the field of the job that left it out, and directories of snapshots by name. */
  readonly skipped: {
    readonly filtered: number
    readonly special: number
    readonly byRule: Readonly<Record<string, number>>
  }
  readonly failures: {
    readonly total: number
    readonly byCode: Readonly<Record<string, number>>
    /** At most 50 of them. */
    readonly sample: readonly Failure[]
  }
  readonly addresses: readonly (Omit<AddressFacts, 'seen' | 'coldReads'> & {
    /** How long the files took that no address had read before: `counts[i]` from `edgesMs[i]` up to below `edgesMs[i + 1]`. */
    readonly coldReads: LatencyHistogram | null
    readonly state: 'up' | 'down' | null
    /** Why it is down, or what else there is to know of it. */
    readonly note: string | null
    /**
     * The same of the READs of long reads, which have a limit of their own where workers speak NFS themselves. Figures are
     * as the workers saw them last: reads in flight, reads allowed, latencies in milliseconds; `floorMs`: the lowest median.
     */
    readonly longReads: LimitReport | null
  } & LimitReport)[]
  readonly items: { readonly announced: number; readonly done: number }
  readonly workers: number
  /** While it runs: of the last seconds. Afterwards: over the whole run. */
  readonly ratesPerSecond: { readonly files: number; readonly bytes: number }
  readonly elapsedMs: number
  /** How much is done, 0 to 1, and when it will end; null while unknown, and at the end. */
  readonly share: number | null
  readonly timeLeftMs: number | null
  readonly submittedAt: string
  readonly startedAt: string
  readonly updatedAt: string
  readonly endedAt: string | null
  readonly warnings: readonly string[]
  /** What runs the workers, as the manager saw it last. Hours and cost are of all runs that share the machines. */
  readonly fleet: FleetReport | null
}

type LimitReport = ReturnType<typeof limitJson>

/** `cost` says what it was reckoned by: the price an hour that the manager was told, or the highest that it pays. */
type FleetReport = Pick<FleetStatus, 'kind' | 'wanted' | 'running' | 'notes'> & {
  readonly [key in 'size' | 'priority' | 'machineHours' | 'cost' | 'problem']: FleetStatus[key] | null
}

/** The report of a run for programs, also while it runs. */
export function reportJson(status: RunStatus): Report {
  const { counts, items, workers } = status.progress
  return {
    format: 1,
    run: status.run,
    label: status.label ?? null,
    messageId: status.jobMessageId,
    state: status.state,
    outcome: status.outcome ?? null,
    problem: status.problem ?? null,
    job: submittedJob(status),
    names: resolvedHosts(status),
    files: counts.files,
    bytes: counts.bytes,
    bytesInFlight: status.progress.bytesInFlight ?? 0,
    largest: (status.progress.largest ?? []).map(({ path, bytes, size = null }) => ({ path, bytes, size })),
    waitsFor: {
      ceiling: status.progress.waitsFor?.ceiling ?? false,
      addresses: status.progress.waitsFor?.addresses ?? [],
    },
    directories: counts.directories,
    unreported: status.unreported ?? null,
    sizes: counts.sizes === undefined ? null : Object.entries(counts.sizes).map(sizeReport),
    estimate: status.estimate === undefined ? null : { ...status.estimate, dollars: status.estimate.dollars ?? null },
    readThrough: readThrough(status),
    skipped: { filtered: counts.entriesSkipped, special: counts.specialSkipped, byRule: counts.leftOut ?? {} },
    failures: { total: totalFailures(status), byCode: counts.failures, sample: status.failures },
    addresses: addressFacts(status).map(({ seen, coldReads, ...facts }) => ({
      ...facts,
      coldReads: coldReads ?? null,
      state: seen?.state ?? null,
      note: seen?.note ?? null,
      ...limitJson(seen),
      longReads: seen?.longReads === undefined ? null : limitJson(seen.longReads),
    })),
    items: { announced: items.announced, done: items.done },
    workers,
    ratesPerSecond: rates(status),
    elapsedMs: elapsedMs(status),
    share: status.state === 'ended' ? null : (status.progress.expected?.share ?? null),
    timeLeftMs: timeLeftMs(status) ?? null,
    submittedAt: iso(status.jobInsertedAtMs),
    startedAt: iso(status.startedAtMs),
    updatedAt: iso(status.updatedAtMs),
    endedAt: status.endedAtMs === undefined ? null : iso(status.endedAtMs),
    warnings: status.warnings,
    fleet: status.fleet === undefined ? null : fleetReport(status.fleet),
  }
}

const fleetReport = ({ kind, wanted, running, notes, ...known }: FleetStatus): FleetReport => ({
  kind,
  wanted,
  running,
  size: known.size ?? null,
  priority: known.priority ?? null,
  machineHours: known.machineHours ?? null,
  cost: known.cost ?? null,
  problem: known.problem ?? null,
  notes,
})

const sizeReport = ([exponent, counts]: [string, SizeCounts]) => ({ belowBytes: 2 ** Number(exponent), ...counts })

const iso = (ms: number): string => new Date(ms).toISOString()
