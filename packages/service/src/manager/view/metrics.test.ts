import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { emptyCounts, type RunStatus } from '@cachewarmer/core'
import { describe, expect, test } from 'vitest'
import { aStatus, withCounts } from '../../report/testing/index.ts'
import { World } from '../testing/world.ts'
import { openMetrics } from './metrics.ts'
import { StatusStore } from './status-store.ts'

const run = (at: number, given: Partial<RunStatus> = {}): RunStatus =>
  aStatus({ run: `run${String(at).padStart(9, '0')}`, label: `job-${at}`, ...given })
const read = (status: RunStatus, files: number, failures: Record<string, number> = {}): RunStatus =>
  withCounts(status, { ...emptyCounts(), files, bytes: files * 1_000, directories: 1, failures })

function aStore(): StatusStore {
  const world = new World()
  world.fleetSays = { kind: 'vmss', running: 3, machineHours: 0.5, cost: { dollars: 0.02, basis: 'price' } }
  return new StatusStore(world.ports, { name: 'm', prefix: 'studio', steering: false })
}

const none = (): [] => []
const text = (store: StatusStore): Promise<string> => openMetrics(store, { process: false }).metrics()
const value = async (store: StatusStore, series: string): Promise<number | undefined> => {
  const line = (await text(store)).split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

/** A store with something in every metric. */
function busyStore(): StatusStore {
  const store = aStore()
  store.leads(true)
  const longReads = { inFlight: 3, limit: 5, p50Ms: 40, p99Ms: 90 }
  const seen = { state: 'up' as const, inFlight: 4, limit: 8, p50Ms: 2, p99Ms: 30 }
  const mounts = [
    { address: '10.0.1.11', ...seen, longReads },
    { address: '10.0.1.12', ...seen },
  ]
  store.saw(read(run(1), 0), none)
  const going = read(run(1, { mounts }), 500, { IO: 2 })
  const expected = { files: 1_000, bytes: 1_000_000, share: 0.5, from: 'walk' as const }
  store.saw({ ...going, progress: { ...going.progress, expected, timeLeftMs: 9_000 } }, none)
  store.saw(read(run(2), 0), none)
  store.saw(read(run(2, { state: 'ended', outcome: 'warmed' }), 7), none)
  return store
}

describe('metrics', () => {
  test('say what runs do, in base units', async () => {
    const store = busyStore()
    const series = 'run="run000000001",job="job-1"'
    expect(await value(store, 'cachewarmer_leader')).toBe(1)
    expect(await value(store, 'cachewarmer_runs{state="running"}')).toBe(1)
    expect(await value(store, `cachewarmer_run_time_left_seconds{${series}}`)).toBe(9)
    expect(await value(store, `cachewarmer_run_done_ratio{${series}}`)).toBe(0.5)
    expect(await value(store, 'cachewarmer_address_latency_p99_seconds{address="10.0.1.11"}')).toBe(0.03)
    expect(await value(store, 'cachewarmer_address_requests_allowed{address="10.0.1.11"}')).toBe(8)
    expect(await value(store, 'cachewarmer_address_long_reads_in_flight{address="10.0.1.11"}')).toBe(3)
    expect(await value(store, 'cachewarmer_address_long_reads_allowed{address="10.0.1.11"}')).toBe(5)
    expect(await value(store, 'cachewarmer_address_long_reads_latency_p50_seconds{address="10.0.1.11"}')).toBe(0.04)
    // A mount or a folder has no limit for them.
    expect(await value(store, 'cachewarmer_address_long_reads_allowed{address="10.0.1.12"}')).toBeUndefined()
    expect(await value(store, 'cachewarmer_fleet_machine_seconds')).toBe(1_800)
    expect(await value(store, 'cachewarmer_runs_ended_total{outcome="warmed"}')).toBe(1)
  })

  test('are counters that never fall, though a status steps back, and never count twice', async () => {
    const store = aStore()
    // Read before this process saw the run: not its own.
    store.saw(read(run(1), 1_000, { IO: 5 }), none)
    expect(await value(store, 'cachewarmer_files_read_total')).toBe(0)
    for (const files of [1_010, 1_005, 1_012]) store.saw(read(run(1), files, { IO: 6 }), none)
    expect(await value(store, 'cachewarmer_files_read_total')).toBe(12)
    expect(await value(store, 'cachewarmer_read_bytes_total')).toBe(12_000)
    expect(await value(store, 'cachewarmer_failures_total{code="IO"}')).toBe(1)
  })

  test('have as many series as runs are under way, not as have ended or as they name', async () => {
    const store = aStore()
    for (let at = 0; at < 300; at += 1) {
      const failures = { [`CODE_${at}`]: 1 }
      const mounts = [{ address: `address-${at}`, state: 'up' as const, inFlight: 0, limit: 1 }]
      store.saw(read(run(at, { mounts }), 0), none)
      store.saw(read(run(at, { mounts }), 1, failures), none)
      if (at >= 2) store.saw(read(run(at, { state: 'ended', outcome: 'warmed' }), 1, failures), none)
    }
    const lines = (await text(store)).split('\n')
    expect(lines.filter((line) => line.startsWith('cachewarmer_run_files{'))).toHaveLength(2)
    expect(lines.filter((line) => line.startsWith('cachewarmer_failures_total{'))).toHaveLength(65)
    expect(lines.filter((line) => line.startsWith('cachewarmer_address_up{'))).toHaveLength(2)
  })

  test('follow the conventions of Prometheus', async ({ skip }) => {
    if (!existsSync('/usr/bin/promtool')) skip('promtool is missing: install the Debian package prometheus')
    const input = await openMetrics(busyStore()).metrics()
    expect(execFileSync('/usr/bin/promtool', ['check', 'metrics'], { input, encoding: 'utf8' })).toBe('')
  })
})

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
}

test('the dashboard asks for metrics that there are', async () => {
  const file = new URL('../../../../../docs/grafana-dashboard.json', import.meta.url)
  const { panels } = JSON.parse(readFileSync(file, 'utf8')) as Dashboard
  const exported = new Set((await openMetrics(busyStore()).getMetricsAsJSON()).map(({ name }) => name))
  const asked = panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) => expr.match(/\b(?:cachewarmer|process)_\w+/g) ?? []),
  )
  expect(panels.every(({ targets }) => targets.length > 0)).toBe(true)
  expect(asked.length).toBeGreaterThan(panels.length)
  expect(asked.filter((name) => !exported.has(name))).toEqual([])
})
