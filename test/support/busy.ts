import { type Counts, emptyCounts, failureParts, type ItemResult, makeJob, type RunStatus } from '@cachewarmer/core'
import { noFleet, openLedger, StatusStore } from '@cachewarmer/manager'
import { systemClock } from '@cachewarmer/queue'
import type { WorkerView } from '@cachewarmer/service/page'

export interface Busy {
  readonly store: StatusStore
  /** The run that has the failures, and an odd name. */
  readonly worst: string
  /** A second goes by: every run has a new status. */
  tick(): void
  close(): void
}

export interface BusyOptions {
  readonly runs: number
  readonly workers: number
  readonly failures: number
  readonly steering?: boolean
}

/** A bad file name that exists in practice. */
const evil = '<img src=x onerror="document.title=1">\u0007\u202e\udcff</script><b>&'
const addresses = ['10.0.1.11', '10.0.1.12', '10.0.1.13']
const codes = ['ACCESS_DENIED', 'IO', 'NOT_FOUND', 'STALE']

/** The store of a manager with very much to do, fed as a manager feeds it. */
export function busyManager({ runs, workers, failures, steering = false }: BusyOptions): Busy {
  const ledger = openLedger(':memory:')
  const fleet = {
    ...noFleet,
    observe: () => ({
      kind: 'vmss' as const,
      wanted: workers,
      running: Math.floor(workers * 0.96),
      size: 'Standard_D2s_v3',
      priority: 'spot' as const,
      machineHours: 118.4,
      cost: { dollars: 2.27, basis: 'price' as const },
      notes: ['2 machines were evicted', evil],
    }),
  }
  const store = new StatusStore(
    { clock: systemClock, fleet, ledger },
    { name: 'manager-1', prefix: 'studio', steering },
  )
  store.leads(true)
  const names = Array.from({ length: runs }, (_, at) => runName(at))
  const worst = runName(0)
  addFailedRun(ledger, worst, failures)
  const begunMs = systemClock.now() - 600_000
  let seconds = 0
  const tick = (): void => {
    seconds += 1
    for (const [at, run] of names.entries()) {
      const status = statusOf(run, at, { atMs: begunMs + seconds * 1_000, seconds, failures: at === 0 ? failures : 0 })
      store.saw(status, () => workersOf(at, { run, runs, workers, nowMs: status.updatedAtMs }))
    }
  }
  return { store, worst, tick, close: () => ledger.close() }
}

const runName = (at: number): string => `run${String(at).padStart(9, '0')}`

function addFailedRun(ledger: ReturnType<typeof openLedger>, run: string, failures: number): void {
  ledger.addRun({
    run,
    jobMessageId: 'm0',
    jobInsertedAtMs: 0,
    job: job(0),
    warnings: [],
    startedAtMs: 0,
    generation: 0,
    rootSent: true,
    paused: false,
    revision: 1,
    weight: 10,
    ceilings: {},
  })
  const list = Array.from({ length: failures }, (_, at) => ({
    path: at === 0 ? `/scene/${evil}` : `/scene/shot${at % 40}/frames/beauty.${String(at).padStart(6, '0')}.exr`,
    address: addresses[at % 3] ?? '',
    code: codes[at % 4] ?? '',
    message: `read: ${codes[at % 4]}, after 3 tries`,
  }))
  const parts = failureParts(run, 'root', 'a', list)
  const result: ItemResult = {
    v: 1,
    kind: 'result',
    run,
    item: 'root',
    attempt: 'a',
    worker: 'w',
    outcome: 'read',
    children: [],
    failureParts: parts.length,
    counts: emptyCounts(),
    elapsedMs: 1,
  }
  ledger.fold(run, [...parts, result])
}

const job = (at: number) =>
  makeJob({ addresses, exportPath: '/animation', paths: [at === 0 ? `/${evil}` : `/scene${at}`] }).job

interface Moment {
  readonly atMs: number
  readonly seconds: number
  readonly failures: number
}

function statusOf(run: string, at: number, { atMs, seconds, failures }: Moment): RunStatus {
  const total = 900_000
  const rate = 800 + at * 10
  const files = Math.min(total, seconds * rate)
  const wave = 1 + Math.sin(seconds / 20 + at) / 2
  const counts: Counts = {
    ...emptyCounts(),
    directories: Math.floor(files / 80),
    files,
    bytes: files * 1_450_000,
    failures: failures === 0 ? {} : Object.fromEntries(codes.map((code) => [code, failures / 4])),
    mounts: Object.fromEntries(
      addresses.map((address) => [address, { files, bytes: files * 1_450_000, failures: Math.floor(failures / 3) }]),
    ),
  }
  return {
    v: 1,
    run,
    label: at === 0 ? `night ${evil}` : `scene-${at}`,
    jobMessageId: `m${at}`,
    jobInsertedAtMs: atMs - seconds * 1_000,
    job: job(at),
    state: at % 7 === 6 ? 'paused' : 'running',
    revision: 1,
    ceilings: {},
    weight: 10,
    progress: {
      counts,
      items: { announced: 400, done: Math.min(400, seconds) },
      workers: 10,
      ratesPerSecond: { files: rate * wave, bytes: rate * wave * 1_450_000 },
      elapsedMs: seconds * 1_000,
      expected: { files: total, bytes: total * 1_450_000, share: files / total, from: 'walk' },
      timeLeftMs: ((total - files) / rate) * 1_000,
    },
    failures: [],
    warnings: at === 0 ? [`unknown key "${evil}" is ignored`] : [],
    mounts: addresses.map((address, which) => ({
      address,
      state: which === 2 && at === 0 ? 'down' : 'up',
      inFlight: 40 + which,
      limit: 64,
      p50Ms: (3 + which) * wave,
      p99Ms: (18 + which * 7) * wave,
      longReads: { inFlight: 2 + which, limit: 4, p50Ms: (9 + which) * wave, p99Ms: (30 + which) * wave },
    })),
    startedAtMs: atMs - seconds * 1_000,
    updatedAtMs: atMs,
  }
}

/** Each run has its share of the workers, and each of them four items. */
function workersOf(
  at: number,
  { run, runs, workers, nowMs }: { run: string; runs: number; workers: number; nowMs: number },
): WorkerView[] {
  const mine = Math.floor(workers / runs) + (at < workers % runs ? 1 : 0)
  return Array.from({ length: mine }, (_, which) => ({
    name: `cachewarmer-studio-${String(at).padStart(2, '0')}-${String(which).padStart(3, '0')}`,
    seenAtMs: nowMs - which * 150,
    ratesPerSecond: { files: 80 + ((which * 7) % 11), bytes: 116_000_000 + which * 1_000 },
    work: [0, 1, 2, 3].map((item) => ({
      run,
      item: `a${which}.${item}`,
      path: `/scene${at}/shot${which}/layer${item}`,
      files: 1_000 + (Math.floor(nowMs / 100) % 1_000),
      bytes: 5_000_000,
      frontier: 120,
      revision: 1,
    })),
  }))
}
