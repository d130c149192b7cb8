import { type Lease, type Queue, QueueError, type QueueService, type Random } from '@cachewarmer/queue'

export interface ServiceFaults {
  /** Share of calls that fail although they took effect. */
  readonly failAfter: number
  /** Share of calls that fail before they take effect. */
  readonly failBefore: number
  /** Share of received messages that somebody else will get as well, before their lease is over. */
  readonly duplicate: number
}

/** A queue service on a bad day: calls fail before or after they took effect, and leases are lost while their holder works. */
export function faultyService(inner: QueueService, random: Random, faults: ServiceFaults): QueueService {
  const call = async <T>(queue: string, action: () => Promise<T>): Promise<T> => {
    if (random() < faults.failBefore) throw new QueueError('UNAVAILABLE', queue, 'simulated: the request was lost')
    const answer = await action()
    if (random() < faults.failAfter) throw new QueueError('UNAVAILABLE', queue, 'simulated: the answer was lost')
    return answer
  }
  const faultyQueue = (queue: Queue): Queue => ({
    name: queue.name,
    send: (body, options) => call(queue.name, () => queue.send(body, options)),
    peek: (options) => call(queue.name, () => queue.peek(options)),
    approximateDepth: (options) => call(queue.name, () => queue.approximateDepth(options)),
    receive: (options) =>
      call(queue.name, async () => {
        const leases = await queue.receive(options)
        return Promise.all(leases.map((lease) => maybeLost(lease, options.leaseMs)))
      }),
  })
  const maybeLost = async (lease: Lease, leaseMs: number): Promise<Lease> => {
    if (random() < faults.duplicate) {
      const copy = { id: lease.id, body: lease.body, deliveries: lease.deliveries, insertedAtMs: lease.insertedAtMs }
      const lost = () => Promise.reject(new QueueError('LEASE_LOST', 'simulated', 'another reader has it'))
      await lease.giveBack(random() * leaseMs)
      return { ...copy, update: lost, renew: lost, complete: lost, giveBack: lost }
    }
    return {
      id: lease.id,
      body: lease.body,
      deliveries: lease.deliveries,
      insertedAtMs: lease.insertedAtMs,
      update: (body, options) => call('lease', () => lease.update(body, options)),
      renew: (ms, options) => call('lease', () => lease.renew(ms, options)),
      complete: (options) => call('lease', () => lease.complete(options)),
      giveBack: (delayMs, options) => call('lease', () => lease.giveBack(delayMs, options)),
    }
  }
  return {
    limits: inner.limits,
    polling: inner.polling,
    queue: (name) => faultyQueue(inner.queue(name)),
    create: (name, options) => call(name, () => inner.create(name, options)),
    delete: (name, options) => call(name, () => inner.delete(name, options)),
    list: (prefix, options) => call(prefix, () => inner.list(prefix, options)),
    close: () => Promise.resolve(),
  }
}
