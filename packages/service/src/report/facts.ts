import {
  type Latencies,
  type LatencyHistogram,
  latencyHistogram,
  type MountState,
  type NamedHost,
  type RunStatus,
} from '@cachewarmer/core'
import { plural, printable } from './print.ts'

/** One address in the report. */
export interface AddressFacts {
  readonly address: string
  readonly files: number
  readonly bytes: number
  readonly failures: number
  /** What brought the files, the most frequent first; empty where no worker said. */
  readonly readBy: readonly { readonly by: string; readonly files: number }[]
  /** Why this machine, and not the server, may have answered reads, and of how many files. `text` ends a sentence for people. */
  readonly doubts: readonly { readonly reason: string; readonly files: number; readonly text: string }[]
  /** How long the files took that no address had read before; undefined where it was not measured. */
  readonly coldReads: LatencyHistogram | undefined
  /** As the workers saw it last, in flight and limit added up over them; undefined where none said anything of it. */
  readonly seen: Omit<MountState, 'address'> | undefined
}

/** Through how many of the addresses each file is read. */
export function readThrough({ job }: Pick<RunStatus, 'job'>): { addresses: number; of: number } {
  const of = job?.addresses.length ?? 0
  return { addresses: job?.through === 'spread' ? Math.min(1, of) : of, of }
}

/** The job as it was submitted: with names in place of the addresses that they stood for. */
export function submittedJob({ job, hosts }: Pick<RunStatus, 'job' | 'hosts'>): RunStatus['job'] {
  return job === null || hosts === undefined ? job : { ...job, addresses: hosts.map(({ name }) => name) }
}

/** Hosts that stood for other addresses than themselves. */
export const resolvedHosts = ({ hosts = [] }: Pick<RunStatus, 'hosts'>): readonly NamedHost[] =>
  hosts.filter(({ name, addresses }) => addresses.length !== 1 || addresses[0] !== name)

/** The job's addresses in its order, then any that only the counts know. */
export function addressFacts({ job, mounts, progress }: RunStatus): AddressFacts[] {
  const counts = new Map(Object.entries(progress.counts.mounts))
  const seen = new Map(mounts.map(({ address, ...state }) => [address, state]))
  const addresses = new Set([...(job?.addresses ?? []), ...counts.keys()])
  return [...addresses].map((address) => ({
    address,
    files: counts.get(address)?.files ?? 0,
    bytes: counts.get(address)?.bytes ?? 0,
    failures: counts.get(address)?.failures ?? 0,
    readBy: mostFirst(counts.get(address)?.readBy).map(([by, files]) => ({ by, files })),
    doubts: mostFirst(counts.get(address)?.doubts).map(([reason, files]) => ({
      reason,
      files,
      text: Object.hasOwn(doubtWords, reason) ? (doubtWords[reason] ?? reason) : reason,
    })),
    coldReads: histogramOf(counts.get(address)?.latencies),
    seen: seen.get(address),
  }))
}

const mostFirst = (files: Readonly<Record<string, number>> = {}): [string, number][] =>
  Object.entries(files).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))

/** What workers call doubts: `Doubt` of the walker. */
const doubtWords: Readonly<Record<string, string>> = {
  buffered: "the file system does not read past the worker's page cache, which may have answered",
  fuse: 'a FUSE daemon answered, which may have a cache of its own',
  attributes: "it was mounted before: listings and attributes may have come from the worker's memory",
  local: 'no network file system is mounted there, so nothing was asked of a cache',
}

const histogramOf = (latencies: Latencies | undefined): LatencyHistogram | undefined =>
  latencies === undefined ? undefined : latencyHistogram(latencies)

/** Why reads may not have reached addresses, and which: each reason once. */
export function doubtsByReason(
  status: RunStatus,
): { readonly reason: string; readonly addresses: readonly string[] }[] {
  const all = addressFacts(status).flatMap(({ address, doubts }) =>
    doubts.map(({ files, text }) => ({ address: `${printable(address)} (${plural(files, 'file')})`, text })),
  )
  return [...Map.groupBy(all, ({ text }) => text)].map(([reason, same]) => ({
    reason,
    addresses: same.map(({ address }) => address),
  }))
}

/** Failures by cause, the most frequent first. */
export const failuresByCode = ({ progress }: RunStatus): [code: string, failures: number][] =>
  Object.entries(progress.counts.failures).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))

export const totalFailures = ({ progress }: RunStatus): number =>
  Object.values(progress.counts.failures).reduce((sum, failures) => sum + failures, 0)

/** How long the run has been going on, or took. */
export const elapsedMs = ({ startedAtMs, endedAtMs, progress }: RunStatus): number =>
  endedAtMs === undefined ? progress.elapsedMs : Math.max(0, endedAtMs - startedAtMs)

/** While it runs: of the last seconds. Afterwards: over the whole run. */
export function rates(status: RunStatus): { files: number; bytes: number } {
  const seconds = elapsedMs(status) / 1_000
  if (status.state !== 'ended') return status.progress.ratesPerSecond
  if (seconds === 0) return { files: 0, bytes: 0 }
  const { files, bytes } = status.progress.counts
  return { files: files / seconds, bytes: bytes / seconds }
}

/** Estimated time until the run ends, to the second. Undefined at its end. */
export function timeLeftMs({ state, progress }: RunStatus): number | undefined {
  if (state === 'ended' || progress.timeLeftMs === undefined) return undefined
  return Math.max(1_000, Math.round(progress.timeLeftMs / 1_000) * 1_000)
}

/** How much of a run is done, 0 to 1: of its files where that is known, else of the items found so far. */
export function shareDone({ state, progress: { expected, items } }: RunStatus): number {
  if (state === 'ended') return 1
  return expected?.share ?? (items.announced === 0 ? 0 : items.done / items.announced)
}
