import { isVmssError } from './errors.ts'
import type { InstanceMetadata, ScheduledEvent } from './instance-metadata.ts'
import { type Clock, type Logger, silentLogger } from './ports.ts'

/** Azure takes this machine away: because it wants it back, or because somebody deletes it. */
export interface EndNotice extends ScheduledEvent {
  readonly kind: 'Preempt' | 'Terminate'
}

export interface EndNoticeOptions {
  /** The machine's name in Azure, as `machine()` tells it. */
  readonly machine: string
  readonly clock: Clock
  readonly logger?: Logger
  /** Default 1,000, as Azure advises: an eviction may be told no more than 30 seconds before. */
  readonly pollMs?: number
  readonly signal?: AbortSignal
}

/** "Enabling the service ... can take up to two minutes" for the first call; nobody waits that long again. */
const firstTimeoutMs = 150_000
const slowestPollMs = 10_000

const concerns = (event: ScheduledEvent, machine: string): event is EndNotice =>
  (event.kind === 'Preempt' || event.kind === 'Terminate') && event.machines.includes(machine)

/**
 * Waits until Azure says that it takes this machine away, asking every second. Failures are logged and asked again, less
 * often: only aborting ends the wait. Who has put things in order says so with `acknowledge()`, and is taken at once.
 */
export async function untilEndNotice(metadata: InstanceMetadata, options: EndNoticeOptions): Promise<EndNotice> {
  const { machine, clock, logger = silentLogger, pollMs = 1_000, signal } = options
  const abort = signal ? { signal } : {}
  let answered = false
  for (let failures = 0; ; ) {
    try {
      const events = await metadata.scheduledEvents({ ...abort, ...(answered ? {} : { timeoutMs: firstTimeoutMs }) })
      answered = true
      failures = 0
      const notice = events.find((event) => concerns(event, machine))
      if (notice) return notice
    } catch (error) {
      signal?.throwIfAborted()
      if (failures === 0)
        logger.warn('scheduled events cannot be read', { error: isVmssError(error) ? error.message : String(error) })
      failures += 1
    }
    await clock.sleep(Math.min(slowestPollMs, pollMs * 2 ** failures), signal)
  }
}
