import { describe, expect, test } from 'vitest'
import { describeQueueService } from '../testing/conformance.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { memoryService } from './memory.ts'

const nothing = async (): Promise<void> => {}

describeQueueService({ describe, test }, 'memory', async () => {
  const clock = fakeClock()
  return { service: memoryService({ clock }), clock, dispose: nothing }
})

describeQueueService({ describe, test }, 'memory, with latency and a shuffle', async () => {
  const clock = fakeClock()
  let seed = 1
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed / 2_147_483_647
  }
  // No time at all, but a turn: calls interleave as on a network.
  const turn = {
    ...clock,
    setTimer: (_ms: number, run: () => void) => {
      const soon = setImmediate(run)
      return () => clearImmediate(soon)
    },
  }
  return { service: memoryService({ clock: turn, random, latencyMs: () => 1 }), clock, dispose: nothing }
})

describe('memoryService', () => {
  test('a call and its answer take the latency, each', async () => {
    const clock = fakeClock()
    const waits = [10, 5]
    const service = memoryService({ clock, latencyMs: () => waits.shift() ?? 0 })
    const before = clock.now()
    await clock.run(service.create('queue'))
    expect(clock.now() - before).toBe(15)
  })

  test('a call aborted while its answer is on the way has taken effect', async () => {
    const clock = fakeClock()
    const service = memoryService({ clock, latencyMs: () => 100 })
    await clock.run(service.create('queue'))
    const stop = new AbortController()
    const sending = service.queue('queue').send('x', { signal: stop.signal })
    await clock.advance(150)
    stop.abort(new Error('enough'))
    await expect(sending).rejects.toThrow('enough')
    expect(await clock.run(service.queue('queue').approximateDepth())).toBe(1)
  })

  test('a call aborted before it arrived has not', async () => {
    const clock = fakeClock()
    const service = memoryService({ clock, latencyMs: () => 100 })
    await clock.run(service.create('queue'))
    const stop = new AbortController()
    const sending = service.queue('queue').send('x', { signal: stop.signal })
    await clock.advance(50)
    stop.abort(new Error('enough'))
    await expect(sending).rejects.toThrow('enough')
    expect(await clock.run(service.queue('queue').approximateDepth())).toBe(0)
  })

  test('a deleted name stays unusable for as long as asked, as on Azure', async () => {
    const clock = fakeClock()
    const service = memoryService({ clock, deletionMs: 30_000 })
    await service.create('queue')
    await service.delete('queue')
    await expect(service.create('queue')).rejects.toMatchObject({ code: 'QUEUE_BEING_DELETED', queue: 'queue' })
    await expect(service.queue('queue').send('x')).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' })
    await clock.advance(30_000)
    expect(await service.create('queue')).toBe('created')
  })

  test('without a shuffle the oldest messages come first', async () => {
    const clock = fakeClock()
    const service = memoryService({ clock })
    await service.create('queue')
    const queue = service.queue('queue')
    for (const body of ['first', 'second', 'third']) await queue.send(body)
    expect((await queue.peek({ max: 3 })).map((message) => message.body)).toEqual(['first', 'second', 'third'])
    expect((await queue.receive({ max: 3, leaseMs: 1 })).map((lease) => lease.body)).toEqual([
      'first',
      'second',
      'third',
    ])
  })

  test('a shuffle gives every order sooner or later', async () => {
    const clock = fakeClock()
    const orders = new Set<string>()
    for (const first of [0, 0.4, 0.7]) {
      for (const second of [0, 0.6]) {
        const draws = [first, second]
        const service = memoryService({ clock, random: () => draws.shift() ?? 0 })
        await service.create('queue')
        for (const body of ['a', 'b', 'c']) await service.queue('queue').send(body)
        const peeked = await service.queue('queue').peek({ max: 3 })
        orders.add(peeked.map((message) => message.body).join(''))
      }
    }
    expect([...orders].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba'])
  })

  test('a lease lasts to the millisecond', async () => {
    const clock = fakeClock()
    const service = memoryService({ clock })
    await service.create('queue')
    const queue = service.queue('queue')
    await queue.send('x')
    await queue.receive({ max: 1, leaseMs: 1_000 })
    await clock.advance(999)
    expect(await queue.peek({ max: 1 })).toEqual([])
    await clock.advance(1)
    expect(await queue.peek({ max: 1 })).toHaveLength(1)
  })

  test('a message lives to the millisecond', async () => {
    const clock = fakeClock()
    const service = memoryService({ clock })
    await service.create('queue')
    const queue = service.queue('queue')
    await queue.send('x', { ttlMs: 1_000 })
    await clock.advance(999)
    expect(await queue.peek({ max: 1 })).toHaveLength(1)
    await clock.advance(1)
    expect(await queue.peek({ max: 1 })).toEqual([])
  })

  test('an error shows no more than the beginning of a long value', () => {
    const open = () => memoryService({ clock: fakeClock() }).queue('x'.repeat(5_000))
    expect(open).toThrow(/^"x{79}… \(5002 characters\): a queue name must be/)
  })

  test('a message whose time is over is lost to its holder, too', async () => {
    const clock = fakeClock()
    const service = memoryService({ clock })
    await service.create('queue')
    const queue = service.queue('queue')
    await queue.send('x', { ttlMs: 1_000 })
    const [lease] = await queue.receive({ max: 1, leaseMs: 60_000 })
    await clock.advance(1_000)
    await expect(lease?.complete()).rejects.toMatchObject({ code: 'LEASE_LOST' })
    expect(await queue.approximateDepth()).toBe(0)
  })
})
