import { limitsTogether, type MountState, type RunStatus } from '@cachewarmer/core'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { limitFigures, limitKinds, totalFailures } from '../../report/index.ts'
import type { StatusStore } from './status-store.ts'

/** Jobs and filers name the codes and addresses: beyond these bounds they are one, or left out. */
const maxCodes = 64
const maxAddresses = 256
const otherCode = 'OTHER'

/** Gauges of the library that are called as only counters may be. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

type Watched = Pick<StatusStore, 'meter' | 'statuses' | 'leading' | 'fleet' | 'workers'>

/**
 * What Prometheus scrapes, made of what the store knows at that moment. Series of a run exist while it is under way, so that
 * there are never more of them than runs at once.
 */
export function openMetrics(store: Watched, { process = true } = {}): Registry {
  const registry = new Registry()
  if (process) {
    collectDefaultMetrics({ register: registry })
    for (const name of misnamed) registry.removeSingleMetric(name)
  }
  manager(registry, store)
  totals(registry, store)
  runs(registry, store)
  addresses(registry, store)
  fleet(registry, store)
  return registry
}

function gauge(registry: Registry, name: string, help: string, value: () => number | undefined): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset()
      const now = value()
      if (now === undefined) this.remove()
      else this.set(now)
    },
  })
}

function manager(registry: Registry, store: Watched): void {
  gauge(registry, 'cachewarmer_leader', 'Whether this manager leads its prefix.', () => Number(store.leading))
  gauge(registry, 'cachewarmer_workers', 'Workers that were heard of late.', () => store.workers().length)
  new Gauge({
    name: 'cachewarmer_runs',
    help: 'Runs under way, by state.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const state of ['running', 'paused'])
        this.set({ state }, store.statuses.filter((status) => status.state === state).length)
    },
  })
}

function counter(registry: Registry, name: string, help: string, value: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset()
      this.inc(value())
    },
  })
}

function totals(registry: Registry, { meter }: Watched): void {
  counter(registry, 'cachewarmer_files_read_total', 'Files read through all their addresses.', () => meter.totals.files)
  counter(
    registry,
    'cachewarmer_read_bytes_total',
    'Bytes read, once each, also of files that are not complete.',
    () => meter.totals.bytes,
  )
  counter(
    registry,
    'cachewarmer_directories_listed_total',
    'Directories listed to their end.',
    () => meter.totals.directories,
  )
  new Counter({
    name: 'cachewarmer_failures_total',
    help: 'Paths that could not be read, by cause.',
    labelNames: ['code'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [at, [code, count]] of [...meter.totals.failures].entries())
        this.inc({ code: at < maxCodes ? code : otherCode }, count)
    },
  })
  new Counter({
    name: 'cachewarmer_runs_ended_total',
    help: 'Runs that ended, by outcome.',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [outcome, count] of meter.totals.ended) this.inc({ outcome }, count)
    },
  })
}

const ofRun: readonly (readonly [name: string, help: string, value: (status: RunStatus) => number | undefined])[] = [
  ['files', 'Files that the run has read.', ({ progress }) => progress.counts.files],
  ['size_bytes', 'Bytes that the run has read, once each.', ({ progress }) => progress.counts.bytes],
  ['in_flight_bytes', 'Bytes of them of files that are not complete.', ({ progress }) => progress.bytesInFlight ?? 0],
  ['failures', 'Paths of the run that could not be read.', totalFailures],
  ['files_expected', 'Files that the run is expected to come to.', ({ progress }) => progress.expected?.files],
  ['done_ratio', 'How much of the run is done, 0 to 1.', ({ progress }) => progress.expected?.share],
  ['time_left_seconds', 'Until the run is expected to end.', ({ progress }) => seconds(progress.timeLeftMs)],
  ['elapsed_seconds', 'Since the run started.', ({ progress }) => seconds(progress.elapsedMs)],
  ['items_outstanding', 'Items without a result.', ({ progress: { items } }) => items.announced - items.done],
  ['weight', 'Share of the workers among the runs.', ({ weight }) => weight],
]

function runs(registry: Registry, store: Watched): void {
  for (const [name, help, value] of ofRun) {
    new Gauge({
      name: `cachewarmer_run_${name}`,
      help,
      labelNames: ['run', 'job'],
      registers: [registry],
      collect() {
        this.reset()
        for (const status of store.statuses) {
          const now = value(status)
          if (now !== undefined) this.set({ run: status.run, job: status.label ?? status.jobMessageId }, now)
        }
      },
    })
  }
}

function addresses(registry: Registry, store: Watched): void {
  const series = (name: string, help: string, value: (states: readonly MountState[]) => number | undefined): void => {
    new Gauge({
      name: `cachewarmer_address_${name}`,
      help,
      labelNames: ['address'],
      registers: [registry],
      collect() {
        this.reset()
        const states = Map.groupBy(
          store.statuses.flatMap(({ mounts }) => mounts),
          ({ address }) => address,
        )
        for (const [address, of] of [...states].slice(0, maxAddresses)) {
          const now = value(of)
          if (now !== undefined) this.set({ address }, now)
        }
      },
    })
  }
  series('up', 'Whether workers find that the address answers.', (states) =>
    Number(states.every(({ state }) => state === 'up')),
  )
  for (const { of, help: what, metric: nameOf } of limitKinds)
    for (const { key, metric } of limitFigures)
      if (metric !== undefined)
        series(nameOf(metric.name), `${what}: ${metric.help}.`, (states) => {
          const limits = states.flatMap((state) => of(state) ?? [])
          const value = limits.length === 0 ? undefined : limitsTogether(limits)[key]
          return value === undefined ? undefined : value / (metric.per ?? 1)
        })
}

function fleet(registry: Registry, store: Watched): void {
  gauge(registry, 'cachewarmer_fleet_wanted', 'Workers that there should be.', () => store.fleet.wanted)
  gauge(registry, 'cachewarmer_fleet_running', 'Machines or processes that run.', () => store.fleet.running)
  gauge(registry, 'cachewarmer_fleet_machine_seconds', 'Time of all machines since there was work.', () => {
    const hours = store.fleet.machineHours
    return hours === undefined ? undefined : hours * 3_600
  })
  gauge(
    registry,
    'cachewarmer_fleet_cost_dollars',
    'What the machines have cost, or at most, since there was work.',
    () => store.fleet.cost?.dollars,
  )
}

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1_000)
