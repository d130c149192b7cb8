import { type Attempts, attempts, type RetryOptions } from './backoff.ts'
import { optionInvalid } from './check.ts'
import type { Clock } from './clock.ts'
import { retryingLease, retryingSentMessage } from './retry-lease.ts'
import type { Queue, QueueService } from './transport.ts'

/**
 * The same service, which tries again after `THROTTLED` and `UNAVAILABLE`, ever more slowly and at random moments.
 *
 * A try that ends in `UNAVAILABLE` may have had its effect, so that what comes again is at least once: a message may
 * be sent twice, messages may be hidden for a lease without a holder, `create` may say `existed` of the queue it made,
 * and `delete` say `absent` of the one it removed. `complete` does better: as long as the lease runs by our clock, a
 * `LEASE_LOST` after an unclear try means that this try had worked.
 */
export function withRetry(service: QueueService, options: RetryOptions): QueueService {
  const { maxTries = 7, clock } = options
  if (!Number.isInteger(maxTries) || maxTries < 1)
    throw optionInvalid('retry', 'maxTries', maxTries, 'a whole number of at least 1')
  const attempt = attempts(options)
  return {
    limits: service.limits,
    polling: service.polling,
    queue: (name) => retryingQueue(service.queue(name), attempt, clock),
    create: (name, call = {}) => attempt(call, (signal) => service.create(name, { ...call, signal })),
    delete: (name, call = {}) => attempt(call, (signal) => service.delete(name, { ...call, signal })),
    list: (prefix, call = {}) => attempt(call, (signal) => service.list(prefix, { ...call, signal })),
    close: () => service.close(),
  }
}

const retryingQueue = (queue: Queue, attempt: Attempts, clock: Clock): Queue => ({
  name: queue.name,
  send: async (body, call = {}) => {
    const sent = await attempt(call, (signal) => queue.send(body, { ...call, signal }))
    return retryingSentMessage(sent, attempt)
  },
  receive: async (call) => {
    let askedAtMs = clock.now()
    const leases = await attempt(call, (signal) => {
      askedAtMs = clock.now()
      return queue.receive({ ...call, signal })
    })
    return leases.map((lease) => retryingLease(queue.name, lease, askedAtMs + call.leaseMs, attempt, clock))
  },
  peek: (call) => attempt(call, (signal) => queue.peek({ ...call, signal })),
  approximateDepth: (call = {}) => attempt(call, (signal) => queue.approximateDepth({ ...call, signal })),
})
