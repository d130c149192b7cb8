import { QueueError } from '../port/errors.ts'
import type { Lease, Queue, QueueService, SentMessage } from '../port/queue.ts'

/**
 * What happens to a call: its request never arrives; it has its effect, but the answer never arrives; the service asks
 * for a rest. The first two cannot be told apart by the caller, to whom both are `UNAVAILABLE`.
 */
export type Fault = 'lost request' | 'lost answer' | 'throttled'

export type FaultyCall =
  | 'create'
  | 'delete'
  | 'list'
  | 'send'
  | 'receive'
  | 'peek'
  | 'approximateDepth'
  | 'update'
  | 'renew'
  | 'complete'
  | 'giveBack'

/**
 * The same service on a bad network. `fault` is asked before each call. As on Azure, a receipt rotates with `update`,
 * `renew` and `giveBack`: a caller without the answer has no valid receipt, and finds the lease lost.
 */
export function faultyService(
  inner: QueueService,
  fault: (call: FaultyCall, queue: string) => Fault | undefined,
): QueueService {
  const through = async <T>(call: FaultyCall, queue: string, work: () => Promise<T>): Promise<T> => {
    const what = fault(call, queue)
    if (what === 'throttled') throw new QueueError('THROTTLED', queue, `${call} was throttled, as asked for`)
    if (what === 'lost request')
      throw new QueueError('UNAVAILABLE', queue, `the request of ${call} was lost, as asked for`)
    const result = await work()
    if (what === 'lost answer')
      throw new QueueError('UNAVAILABLE', queue, `the answer to ${call} was lost, as asked for`)
    return result
  }

  /** Calls through one receipt: the first of them whose answer is lost is the last that can work. */
  const receipt = (queue: string) => {
    let isGood = true
    return (call: FaultyCall, work: () => Promise<void>): Promise<void> =>
      through(call, queue, async () => {
        if (!isGood)
          throw new QueueError('LEASE_LOST', queue, 'the answer that held the receipt was lost, as asked for')
        await work()
        isGood = false
      }).then(() => {
        isGood = true
      })
  }

  const sent = (message: SentMessage, queue: string): SentMessage => {
    const using = receipt(queue)
    return { id: message.id, update: (body, options) => using('update', () => message.update(body, options)) }
  }

  const leased = (lease: Lease, queue: string): Lease => {
    const using = receipt(queue)
    return {
      ...lease,
      update: (body, options) => using('update', () => lease.update(body, options)),
      renew: (leaseMs, options) => using('renew', () => lease.renew(leaseMs, options)),
      complete: (options) => using('complete', () => lease.complete(options)),
      giveBack: (delayMs, options) => using('giveBack', () => lease.giveBack(delayMs, options)),
    }
  }

  const queueOf = (queue: Queue): Queue => ({
    name: queue.name,
    polling: queue.polling,
    send: async (body, options) => sent(await through('send', queue.name, () => queue.send(body, options)), queue.name),
    receive: async (options) => {
      const leases = await through('receive', queue.name, () => queue.receive(options))
      return leases.map((lease) => leased(lease, queue.name))
    },
    peek: (options) => through('peek', queue.name, () => queue.peek(options)),
    approximateDepth: (options) => through('approximateDepth', queue.name, () => queue.approximateDepth(options)),
  })

  return {
    limits: inner.limits,
    polling: inner.polling,
    queue: (name) => queueOf(inner.queue(name)),
    create: (name, options) => through('create', name, () => inner.create(name, options)),
    delete: (name, options) => through('delete', name, () => inner.delete(name, options)),
    list: (prefix, options) => through('list', prefix, () => inner.list(prefix, options)),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  }
}
