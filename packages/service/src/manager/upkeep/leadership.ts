import { keepLease, type Lease, type Queue, sleep } from '@cachewarmer/queue'
import type { ManagerPorts, ManagerSettings } from '../ports.ts'
import { patiently } from './patience.ts'

const token = 'leader'
/** With no token seen for this long, and none leased either, the manager that made the queue died before it put one in. */
const missingMs = 10_000
const lookMs = 5_000

/**
 * One manager leads per prefix: it holds the lease of the one token message. Others wait here and take over when the
 * lease runs out. `body` is run while this manager leads; its signal aborts when leadership is lost or `stop` says so.
 * Two leaders for a moment would do no harm to any run, as each job is leased by one manager alone.
 */
export async function lead(
  ports: ManagerPorts,
  settings: ManagerSettings,
  stop: AbortSignal,
  body: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const queue = ports.service.queue(settings.prefix.leader)
  if ((await ports.service.create(queue.name, { signal: stop })) === 'created') await queue.send(token)
  while (!stop.aborted) {
    const lease = await acquire(ports, settings, queue, stop)
    if (lease === undefined) return
    ports.logger.info('leading', { prefix: settings.prefix.text })
    const keeper = keepLease(lease, {
      leaseMs: settings.leaseMs,
      clock: ports.clock,
      signal: stop,
      logger: ports.logger,
    })
    try {
      await body(keeper.signal)
    } catch (error) {
      // What ended because leadership did is no failure: the token is waited for again.
      if (keeper.lost === undefined) throw error
    } finally {
      await keeper.stop()
      await lease.giveBack().catch((error: unknown) => ports.logger.debug('the token was not given back', { error }))
    }
  }
}

async function acquire(
  ports: ManagerPorts,
  settings: ManagerSettings,
  queue: Queue,
  stop: AbortSignal,
): Promise<Lease | undefined> {
  let missingSinceMs = ports.clock.now()
  const look = async (): Promise<Lease | undefined> => {
    const [lease, ...spare] = await queue.receive({ max: 32, leaseMs: settings.leaseMs })
    // Two managers may have put in a token each: all but one go.
    for (const other of spare) await other.complete()
    if (lease !== undefined) return lease
    if ((await queue.approximateDepth()) > 0) missingSinceMs = ports.clock.now()
    else if (ports.clock.now() - missingSinceMs > missingMs) await queue.send(token)
    return undefined
  }
  try {
    while (!stop.aborted) {
      const lease = await patiently(ports, stop, look)
      if (lease !== undefined) return lease
      await sleep(ports.clock, lookMs * (0.5 + ports.random() / 2), stop)
    }
  } catch (error) {
    if (!stop.aborted) throw error
  }
  return undefined
}
