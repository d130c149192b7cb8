import type { Clock, Lease, Queue, QueueService, SentMessage } from '@cachewarmer/queue'
import type { Mount } from '@cachewarmer/walker'

/**
 * A simulated process. Killing it is what a real kill is: whatever it had asked for may still take effect, but no answer
 * reaches it any more, so none of its code runs past the await it stands at.
 */
export class Life {
  #dead = false

  get dead(): boolean {
    return this.#dead
  }

  kill(): void {
    this.#dead = true
  }

  /** An answer that only the living hear. */
  async hears<T>(call: () => Promise<T>): Promise<T> {
    if (this.#dead) return never()
    try {
      const answer = await call()
      return this.#dead ? await never<T>() : answer
    } catch (error) {
      if (this.#dead) return never()
      throw error
    }
  }
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined)

export const mortalClock = (inner: Clock, life: Life): Clock => ({
  now: () => inner.now(),
  sleep: (ms, signal) => life.hears(() => inner.sleep(ms, signal)),
})

export const mortalService = (inner: QueueService, life: Life): QueueService => ({
  limits: inner.limits,
  polling: inner.polling,
  queue: (name) => mortalQueue(inner.queue(name), life),
  create: (name, options) => life.hears(() => inner.create(name, options)),
  delete: (name, options) => life.hears(() => inner.delete(name, options)),
  list: (prefix, options) => life.hears(() => inner.list(prefix, options)),
  close: () => Promise.resolve(),
})

const mortalQueue = (inner: Queue, life: Life): Queue => ({
  name: inner.name,
  send: async (body, options) => mortalMessage(await life.hears(() => inner.send(body, options)), life),
  receive: async (options) => (await life.hears(() => inner.receive(options))).map((lease) => mortalLease(lease, life)),
  peek: (options) => life.hears(() => inner.peek(options)),
  approximateDepth: (options) => life.hears(() => inner.approximateDepth(options)),
})

const mortalMessage = (inner: SentMessage, life: Life): SentMessage => ({
  id: inner.id,
  update: (body, options) => life.hears(() => inner.update(body, options)),
})

const mortalLease = (inner: Lease, life: Life): Lease => ({
  id: inner.id,
  body: inner.body,
  deliveries: inner.deliveries,
  insertedAtMs: inner.insertedAtMs,
  update: (body, options) => life.hears(() => inner.update(body, options)),
  renew: (leaseMs, options) => life.hears(() => inner.renew(leaseMs, options)),
  complete: (options) => life.hears(() => inner.complete(options)),
  giveBack: (delayMs, options) => life.hears(() => inner.giveBack(delayMs, options)),
})

export const mortalMount = (inner: Mount, life: Life): Mount => ({
  name: inner.name,
  handleSpace: inner.handleSpace,
  maxInFlight: inner.maxInFlight,
  async *list(directory, options) {
    const pages = inner.list(directory, options)[Symbol.asyncIterator]()
    for (;;) {
      const { done, value } = await life.hears(() => pages.next())
      if (done) return
      yield value
    }
  },
  stat: (path, options) => life.hears(() => inner.stat(path, options)),
  read: (file, options) => life.hears(() => inner.read(file, options)),
  close: () => Promise.resolve(),
})
