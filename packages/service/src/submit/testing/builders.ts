import { encodeStatus, Prefix, type RunStatus } from '@cachewarmer/core'
import { memoryService, type QueueService, type SentMessage } from '@cachewarmer/queue'
import { type FakeClock, fakeClock } from '@cachewarmer/queue/testing'

export const prefix = 'studio'
export const names: Prefix = new Prefix(prefix)

export { aJob, anEnded, aStatus, withCounts } from '../../report/testing/index.ts'

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
