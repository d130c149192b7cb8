import type { Queue, QueueService } from '@cachewarmer/queue'

/** The same service; `work` is called whenever something was taken from a queue, or is said in one. */
export function notingService(inner: QueueService, work: () => void): QueueService {
  const noting = (queue: Queue): Queue => ({
    name: queue.name,
    send: (body, options) => {
      work()
      return queue.send(body, options)
    },
    receive: async (options) => {
      const leases = await queue.receive(options)
      if (leases.length > 0) work()
      return leases
    },
    peek: (options) => queue.peek(options),
    approximateDepth: (options) => queue.approximateDepth(options),
  })
  return {
    limits: inner.limits,
    polling: inner.polling,
    queue: (name) => noting(inner.queue(name)),
    create: (name, options) => inner.create(name, options),
    delete: (name, options) => inner.delete(name, options),
    list: (prefix, options) => inner.list(prefix, options),
    close: () => inner.close(),
  }
}
