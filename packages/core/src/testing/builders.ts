import type { Job } from '../job/fields.ts'
import { type Counts, emptyCounts } from '../messages/counts.ts'
import type { Heartbeat, HeldAttempt } from '../messages/heartbeat.ts'
import type { Item } from '../messages/item.ts'
import type { FailurePart, ItemResult } from '../messages/result.ts'
import type { RunStatus } from '../messages/status.ts'

/*
 * Valid messages to start a test from: say what the test is about, the rest is filled in. Made anew each time.
 */

export const aRunId = 'run000000001'

export const aJob = (given: Partial<Job> = {}): Job => ({
  addresses: ['10.0.1.11'],
  exportPath: '/animation',
  paths: ['/scene1'],
  include: [],
  exclude: [],
  excludeDirectories: [],
  minFileSizeBytes: 0,
  maxFileSizeBytes: 0,
  through: 'each',
  mode: 'data',
  symlinks: 'none',
  weight: 10,
  ...given,
})

/** Counts of files that came through each of the addresses; by default those of `aJob`. */
export const readCounts = (
  files: number,
  bytes: number = 0,
  addresses: readonly string[] = aJob().addresses,
): Counts => ({
  ...emptyCounts(),
  files,
  bytes,
  mounts: Object.fromEntries(addresses.map((address) => [address, { files, bytes, failures: 0 }])),
})

export const anItem = (given: Partial<Item> = {}): Item => ({
  v: 1,
  run: aRunId,
  item: 'root',
  strikes: 0,
  parts: [{ kind: 'tree', path: '/scene1' }],
  ...given,
})

export const aResult = (given: Partial<ItemResult> = {}): ItemResult => ({
  v: 1,
  kind: 'result',
  run: aRunId,
  item: 'root',
  attempt: 'attempt-1',
  worker: 'worker-1',
  outcome: 'read',
  children: [],
  failureParts: 0,
  counts: emptyCounts(),
  elapsedMs: 0,
  ...given,
})

export const aFailurePart = (given: Partial<FailurePart> = {}): FailurePart => ({
  v: 1,
  kind: 'failures',
  run: aRunId,
  item: 'root',
  attempt: 'attempt-1',
  part: 0,
  failures: [{ path: '/scene1/lost.exr', code: 'NOT_FOUND' }],
  ...given,
})

export const aHeldAttempt = (given: Partial<HeldAttempt> = {}): HeldAttempt => ({
  item: 'root',
  attempt: 'attempt-1',
  counts: emptyCounts(),
  bytesArrived: 0,
  bytesInFlight: 0,
  frontier: 0,
  ...given,
})

export const aHeartbeat = (given: Partial<Heartbeat> = {}): Heartbeat => ({
  v: 1,
  kind: 'heartbeat',
  run: aRunId,
  worker: 'worker-1',
  revision: 0,
  attempts: [aHeldAttempt()],
  limits: [],
  ...given,
})

export const aStatus = (given: Partial<RunStatus> = {}): RunStatus => ({
  v: 1,
  run: aRunId,
  jobMessageId: 'message-1',
  jobInsertedAtMs: 1_700_000_000_000,
  job: aJob(),
  state: 'running',
  revision: 1,
  ceilings: {},
  weight: 10,
  progress: {
    counts: emptyCounts(),
    items: { announced: 1, done: 0 },
    workers: 0,
    ratesPerSecond: { files: 0, bytes: 0 },
    elapsedMs: 0,
  },
  failures: [],
  warnings: [],
  mounts: [],
  startedAtMs: 1_700_000_000_000,
  updatedAtMs: 1_700_000_000_000,
  ...given,
})
