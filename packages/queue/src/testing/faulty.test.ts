import { describe, expect, test } from 'vitest'
import { memoryService } from '../drivers/memory.ts'
import { fakeClock } from './fake-clock.ts'
import { type Fault, type FaultyCall, faultyService } from './faulty.ts'

async function setUp(plan: Partial<Record<FaultyCall, Fault[]>>) {
  const inner = memoryService({ clock: fakeClock() })
  await inner.create('queue')
  const service = faultyService(inner, (call) => plan[call]?.shift())
  return { inner, service, queue: service.queue('queue') }
}

describe('faultyService', () => {
  test('a lost request has no effect, a lost answer has its effect, and the caller cannot tell them apart', async () => {
    const { inner, queue } = await setUp({ send: ['lost request', 'lost answer'] })
    await expect(queue.send('x')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await inner.queue('queue').approximateDepth()).toBe(0)
    await expect(queue.send('x')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await inner.queue('queue').approximateDepth()).toBe(1)
  })

  test('throttling has no effect', async () => {
    const { inner, service } = await setUp({ create: ['throttled'] })
    await expect(service.create('other')).rejects.toMatchObject({ code: 'THROTTLED', queue: 'other' })
    expect(await inner.list('')).toEqual(['queue'])
  })

  test.each(['renew', 'update', 'giveBack'] as const)('a receipt is gone with the answer to %s', async (call) => {
    const { queue } = await setUp({ [call]: ['lost answer'] })
    await queue.send('x')
    const [lease] = await queue.receive({ max: 1, leaseMs: 60_000 })
    const calls = {
      renew: () => lease?.renew(60_000),
      update: () => lease?.update('y', { leaseMs: 60_000 }),
      giveBack: () => lease?.giveBack(),
    }
    await expect(calls[call]()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(lease?.complete()).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })

  test('a receipt survives a lost request', async () => {
    const { queue } = await setUp({ renew: ['lost request'] })
    await queue.send('x')
    const [lease] = await queue.receive({ max: 1, leaseMs: 60_000 })
    await expect(lease?.renew(60_000)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await lease?.renew(60_000)
    await lease?.complete()
    expect(await queue.approximateDepth()).toBe(0)
  })

  test('a sent message has a receipt of its own', async () => {
    const { queue } = await setUp({ update: ['lost answer'] })
    const sent = await queue.send('x')
    await expect(sent.update('y', { leaseMs: 0 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(sent.update('z', { leaseMs: 0 })).rejects.toMatchObject({ code: 'LEASE_LOST' })
    expect(await queue.peek({ max: 1 })).toMatchObject([{ body: 'y' }])
  })
})
