import { describe, expect, test } from 'vitest'
import { memoryService } from '../drivers/memory.ts'
import { QueueError } from '../port/errors.ts'
import type { Lease, Queue, QueueService } from '../port/queue.ts'
import { describeQueueService } from './conformance.ts'
import { fakeClock } from './fake-clock.ts'

/** Runs the suite by hand, and gives the sentences that did not hold. */
async function brokenPromises(spoil: (queue: Queue, service: QueueService) => Partial<Queue>): Promise<string[]> {
  const cases: [string, () => Promise<void>][] = []
  const runner = {
    describe: (_name: string, body: () => void) => body(),
    test: (name: string, body: () => Promise<void>) => cases.push([name, body]),
  }
  describeQueueService(runner, 'spoilt', async () => {
    const clock = fakeClock({ turns: 1 })
    const inner = memoryService({ clock })
    const queue = (name: string): Queue => {
      const whole = inner.queue(name)
      return { ...whole, ...spoil(whole, inner) }
    }
    return { service: { ...inner, queue }, clock, dispose: async () => {} }
  })
  const broken: string[] = []
  for (const [name, body] of cases) await body().catch(() => broken.push(name))
  return broken
}

const eachLease = (queue: Queue, change: (lease: Lease) => Lease): Partial<Queue> => ({
  receive: async (options) => (await queue.receive(options)).map(change),
})

describe('the conformance suite', () => {
  test('finds nothing wrong with the reference driver', async () => {
    expect(await brokenPromises(() => ({}))).toEqual([])
  })

  test.each<[string, (queue: Queue, service: QueueService) => Partial<Queue>, string]>([
    [
      'hands a message to two readers',
      (queue) => ({
        receive: async (options) => {
          const leases = await queue.receive(options)
          return leases.length > 1 ? [...leases.slice(1), ...leases.slice(1, 2)] : leases
        },
      }),
      'readers at the same time never share a message, and miss none',
    ],
    [
      'does not count deliveries',
      (queue) => eachLease(queue, (lease) => ({ ...lease, deliveries: 1 })),
      'a lease that runs out is delivered again, counted',
    ],
    [
      'makes queues by sending',
      (queue, service) => ({
        send: async (body, options) => {
          await service.create(queue.name)
          return queue.send(body, options)
        },
      }),
      'a missing queue is reported by every method, and sending makes none',
    ],
    [
      'does not renew',
      (queue) => eachLease(queue, (lease) => ({ ...lease, renew: async () => {} })),
      'a renewed lease outlives its first time',
    ],
    [
      'completes what is lost',
      (queue) => eachLease(queue, (lease) => ({ ...lease, complete: () => lease.complete().catch(() => {}) })),
      'a lease that ran out is stale once another reader has the message',
    ],
    [
      'takes when it peeks',
      (queue) => ({
        peek: ({ max }) => queue.receive({ max, leaseMs: 1_000 }),
      }),
      'peek does not take',
    ],
    [
      'forgets delays',
      (queue) => ({ send: (body, options) => queue.send(body, { ...options, delayMs: 0 }) }),
      'a delayed message is hidden, and then it is there',
    ],
    [
      'never forgets a message',
      (queue) => ({ send: (body, options) => queue.send(body, { ...options, ttlMs: undefined }) }),
      'a message is forgotten when its time to live is over',
    ],
    [
      'lets messages expire after a week, as Azure does unless told otherwise',
      (queue) => ({ send: (body, options) => queue.send(body, { ttlMs: 604_800_000, ...options }) }),
      'a message without a time to live is still there after a month, where time can be moved',
    ],
    [
      'counts only what is visible',
      (queue) => ({ approximateDepth: async (options) => (await queue.peek({ max: 32, ...options })).length }),
      'the depth counts what is leased and delayed',
    ],
    [
      'trims bodies',
      (queue) => ({ send: (body, options) => queue.send(body.trim() === '' ? body : body.trim(), options) }),
      'every body of printable ASCII comes back as it was sent',
    ],
    [
      'loses the receipt when a message is updated',
      (queue) => ({
        send: async (body, options) => {
          const sent = await queue.send(body, options)
          let updates = 0
          const stale = () => Promise.reject(new QueueError('LEASE_LOST', queue.name, 'stale'))
          return { id: sent.id, update: (text, how) => (updates++ > 0 ? stale() : sent.update(text, how)) }
        },
      }),
      'a sent message is updated in place, again and again, visible all the time',
    ],
    [
      'wraps the reason of an abort',
      (queue) => ({
        peek: (options) => queue.peek(options).catch((cause) => Promise.reject(new Error('aborted', { cause }))),
      }),
      'an aborted signal ends every call with its reason, and nothing has happened',
    ],
  ])('finds a driver that %s', async (_what, spoil, sentence) => {
    expect(await brokenPromises(spoil)).toContain(sentence)
  })

  test('closes what it opened, also after a case that failed', async () => {
    let open = 0
    const cases: (() => Promise<void>)[] = []
    const runner = {
      describe: (_name: string, body: () => void) => body(),
      test: (_name: string, body: () => Promise<void>) => cases.push(body),
    }
    describeQueueService(runner, 'counted', async () => {
      open++
      const clock = fakeClock()
      const service = { ...memoryService({ clock }), create: () => Promise.reject(new Error('no')) }
      return { service, clock, dispose: async () => void open-- }
    })
    const results = await Promise.allSettled(cases.map((body) => body()))
    expect(results.some((result) => result.status === 'rejected')).toBe(true)
    expect(open).toBe(0)
  })
})
