import type { MountState, RunStatus } from '@cachewarmer/core'
import { addressFacts, bytes, count, duration, printable, shareDone } from '@cachewarmer/report'
import { bar, fit, progressParts } from './line.ts'

/** What is known of a job that is watched: nothing while it waits. */
export interface WatchedStatus {
  readonly name: string
  readonly status: RunStatus | undefined
}

/** Files and bytes that came through an address in a second, of late. */
export interface AddressRate {
  readonly files: number
  readonly bytes: number
}

/** How fast each address of a run is, from one status to the next. */
export class AddressRates {
  #before: RunStatus | undefined
  #rates = new Map<string, AddressRate>()

  /** Rates after this status; a status of another run, or without time between, tells nothing. */
  after(status: RunStatus): ReadonlyMap<string, AddressRate> {
    const before = this.#before
    const seconds = before?.run === status.run ? (status.updatedAtMs - before.updatedAtMs) / 1_000 : 0
    if (before !== undefined && seconds > 0) {
      const old = before.progress.counts.mounts
      this.#rates = new Map(
        Object.entries(status.progress.counts.mounts).map(([address, now]) => [
          address,
          {
            files: Math.max(0, now.files - (old[address]?.files ?? 0)) / seconds,
            bytes: Math.max(0, now.bytes - (old[address]?.bytes ?? 0)) / seconds,
          },
        ]),
      )
    }
    if (seconds > 0 || before?.run !== status.run) this.#before = status
    return this.#rates
  }
}

/**
 * One job as lines no longer than `columns`: a bar of its own, then one for each address, long as what came through it
 * beside the address that is furthest.
 */
export function jobLines(
  { name, status }: WatchedStatus,
  rates: ReadonlyMap<string, AddressRate>,
  columns: number,
): string[] {
  const title = printable(name)
  if (status === undefined) return [fit([title, 'waiting for a manager'], columns)]
  const own = fit([bar(shareDone(status), status.state === 'ended'), title, ...progressParts(status)], columns)
  const facts = addressFacts(status)
  const furthest = Math.max(1, ...facts.map(({ files }) => files))
  const wide = Math.max(...facts.map(({ address }) => printable(address).length))
  const states = new Map(status.mounts.map((mount) => [mount.address, mount]))
  return [
    own,
    ...facts.map(({ address, files, bytes: size, failures }) => {
      const rate = rates.get(address)
      return fit(
        [
          `  ${bar(files / furthest, files === furthest)}`,
          printable(address).padEnd(wide),
          `${count(files)} files`,
          ...(failures > 0 ? [`${count(failures)} failures`] : []),
          ...(states.get(address)?.state === 'down' ? ['does not answer'] : []),
          ...(rate === undefined || status.state === 'ended'
            ? [bytes(size)]
            : [`${count(rate.files)} files/s`, `${bytes(rate.bytes)}/s`]),
          ...latencies(states.get(address)),
        ],
        columns,
      )
    }),
  ]
}

function latencies(mount: MountState | undefined): string[] {
  if (mount === undefined) return []
  const { p50Ms, p99Ms, inFlight } = mount
  return [
    ...(p50Ms === undefined ? [] : [`p50 ${milliseconds(p50Ms)}`]),
    ...(p99Ms === undefined ? [] : [`p99 ${milliseconds(p99Ms)}`]),
    `${count(inFlight)} in flight`,
  ]
}

const milliseconds = (ms: number): string => (ms < 10 ? `${ms.toFixed(1)}ms` : duration(ms))
