import { encodeFailureList, type FailureList, packFailures, queueNames } from '@cachewarmer/core'
import { isQueueError, type Logger } from '@cachewarmer/queue'
import type { FailurePosition } from './ledger/ledger.ts'
import type { ManagerPorts, ManagerSettings } from './ports.ts'

/** Queues of lists that nobody has fetched for so long go. */
const forgottenMs = 3_600_000

/**
 * Tells all failures of a run to whoever asked, into a queue that the asker made and removes: the ledger has them all, a
 * status only a sample. One list at a time, beside everything else. A list that breaks off is asked for again.
 */
export class FailureLister {
  readonly #ports: ManagerPorts
  readonly #settings: ManagerSettings
  readonly #seenAtMs = new Map<string, number>()
  #last: Promise<void> = Promise.resolve()

  constructor(ports: ManagerPorts, settings: ManagerSettings) {
    this.#ports = ports
    this.#settings = settings
  }

  /** Returns at once. Sending never makes a queue: an asker who has gone away ends his list. */
  tell(run: string, reply: string, signal: AbortSignal, logger: Logger): void {
    this.#last = this.#last.then(async () => {
      try {
        await this.#send(run, reply, signal)
      } catch (error) {
        if (signal.aborted || (isQueueError(error) && error.code === 'QUEUE_NOT_FOUND')) return
        logger.warn('a list of failures broke off', { run, reply, error })
      }
    })
  }

  /** Removes lists that were left behind, by the time since this manager first saw them. */
  async sweep(): Promise<void> {
    const { service, clock } = this.#ports
    const names = queueNames(this.#settings.prefix)
    const queues = (await service.list(names.failed(''))).filter((name) => names.isFailed(name))
    for (const known of this.#seenAtMs.keys()) if (!queues.includes(known)) this.#seenAtMs.delete(known)
    for (const name of queues) {
      const seenAtMs = this.#seenAtMs.get(name) ?? clock.now()
      this.#seenAtMs.set(name, seenAtMs)
      if (clock.now() - seenAtMs >= forgottenMs) await service.delete(name)
    }
  }

  async #send(run: string, reply: string, signal: AbortSignal): Promise<void> {
    const { ledger, service } = this.#ports
    const queue = service.queue(queueNames(this.#settings.prefix).failed(reply))
    let part = 0
    const send = async (message: Pick<FailureList, 'last' | 'failures' | 'problem'>): Promise<void> => {
      await queue.send(encodeFailureList({ v: 1, run, part, ...message }), { signal })
      part += 1
    }
    if (ledger.run(run) === undefined) {
      await send({ last: true, failures: [], problem: 'the ledger of this manager does not know the run' })
      return
    }
    let from: FailurePosition | undefined
    do {
      const page = ledger.failuresFrom(run, from)
      for (const failures of packFailures(page.failures)) await send({ last: false, failures: [...failures] })
      from = page.next
    } while (from !== undefined)
    await send({ last: true, failures: [] })
  }
}
