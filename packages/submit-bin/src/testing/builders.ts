import { emptyCounts, encodeStatus, type Job, makeJob, queueNames, type RunStatus } from '@cachewarmer/core'
import { memoryService, type QueueService, type SentMessage } from '@cachewarmer/queue'
import { type FakeClock, fakeClock } from '@cachewarmer/queue/testing'

export const prefix = 'studio'
export const names: ReturnType<typeof queueNames> = queueNames(prefix)

export const aJob = (given: Partial<Job> = {}): Job =>
  makeJob({ addresses: ['10.0.1.11', '10.0.1.12'], exportPath: '/animation', paths: ['/scene1'], ...given }).job

/** A run of `aJob` that has just begun. */
export const aStatus = (given: Partial<RunStatus> = {}): RunStatus => ({
  v: 1,
  run: 'run000000001',
  jobMessageId: 'm1',
  jobInsertedAtMs: Date.UTC(2026, 0, 1),
  job: aJob(),
  state: 'running',
  revision: 1,
  ceilings: {},
  weight: 10,
  progress: {
    counts: emptyCounts(),
    items: { announced: 1, done: 0 },
    workers: 1,
    ratesPerSecond: { files: 0, bytes: 0 },
    elapsedMs: 0,
  },
  failures: [],
  warnings: [],
  mounts: [],
  startedAtMs: Date.UTC(2026, 0, 1, 0, 0, 1),
  updatedAtMs: Date.UTC(2026, 0, 1, 0, 0, 1),
  ...given,
})

/** A run that has ended so, ten seconds after it began. */
export const anEnded = (outcome: NonNullable<RunStatus['outcome']>, given: Partial<RunStatus> = {}): RunStatus => {
  const endedAtMs = Date.UTC(2026, 0, 1, 0, 0, 11)
  return aStatus({ state: 'ended', outcome, endedAtMs, updatedAtMs: endedAtMs, ...given })
}

/** `aStatus` with these counts, and everything else about its progress as it was. */
export const withCounts = (
  status: RunStatus,
  counts: Partial<RunStatus['progress']['counts']>,
  progress: Partial<RunStatus['progress']> = {},
): RunStatus => ({
  ...status,
  progress: { ...status.progress, ...progress, counts: { ...status.progress.counts, ...counts } },
})

/** Posts statuses as a manager does: one message a run, rewritten in place. */
export class Posts {
  readonly #service: QueueService
  readonly #handles = new Map<string, SentMessage>()

  constructor(service: QueueService) {
    this.#service = service
  }

  async post(status: RunStatus): Promise<void> {
    const body = encodeStatus(status)
    const handle = this.#handles.get(status.run)
    if (handle !== undefined) return handle.update(body, { leaseMs: 0 })
    const name = names.runStatus(status.run)
    await this.#service.create(name)
    this.#handles.set(status.run, await this.#service.queue(name).send(body))
  }
}

export interface World {
  readonly clock: FakeClock
  readonly service: QueueService
  readonly posts: Posts
}

/** Queues in memory, on a clock that stands still. */
export function aWorld(): World {
  const clock = fakeClock()
  const service = memoryService({ clock })
  return { clock, service, posts: new Posts(service) }
}
