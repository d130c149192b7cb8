import { describe, expect, test } from 'vitest'
import { memoryService } from '../drivers/memory.ts'
import { describeQueueService } from '../testing/conformance.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { type Fault, type FaultyCall, faultyService } from '../testing/faulty.ts'
import { QueueError, type QueueErrorCode } from './errors.ts'
import { type Queue, type QueueService, silentLogger } from './queue.ts'
import { type RetryOptions, withRetry } from './retry.ts'

describeQueueService({ describe, test }, 'retry, over a service that fails two of three calls', async () => {
  const clock = fakeClock()
  const faults: (Fault | undefined)[] = ['lost request', 'throttled', undefined]
  let calls = 0
  const bad = faultyService(memoryService({ clock }), () => faults[calls++ % faults.length])
  // Pauses end at once: the suite moves the time itself.
  const hasty = { ...clock, setTimer: atOnce }
  return { service: withRetry(bad, { clock: hasty, random: () => 0, maxTries: 1_000 }), clock, dispose: async () => {} }
})

/** A timer that runs at once. */
const atOnce = (_ms: number, run: () => void): (() => void) => {
  queueMicrotask(run)
  return () => {}
}

/** A queue of one message on a network whose faults are written down in advance, call by call. */
async function setUp(plan: Partial<Record<FaultyCall, (Fault | undefined)[]>>, options: Partial<RetryOptions> = {}) {
  const clock = fakeClock()
  const inner = memoryService({ clock })
  await inner.create('queue')
  const tries: FaultyCall[] = []
  const bad = faultyService(inner, (call) => {
    tries.push(call)
    return plan[call]?.shift()
  })
  const service = withRetry(bad, { clock, random: () => 0, ...options })
  const queue = service.queue('queue')
  const take = async (leaseMs = 60_000) => {
    await inner.queue('queue').send('x')
    const [lease] = await clock.run(queue.receive({ max: 1, leaseMs }))
    if (lease === undefined) throw new Error('there is nothing to take')
    return lease
  }
  return { clock, inner: inner.queue('queue'), innerService: inner, service, queue, tries, take }
}

describe('withRetry', () => {
  test('waits twice as long each time, up to the longest wait of the table', async () => {
    const always = (code: QueueErrorCode) => {
      const clock = fakeClock()
      const at: number[] = []
      const failing = { ...memoryService({ clock }) }
      failing.list = async () => {
        at.push(clock.now())
        throw new QueueError(code, 'queue', 'no')
      }
      const service = withRetry(failing, { clock, random: () => 0, maxTries: 12 })
      const gaps = () => at.slice(1).map((time, n) => time - (at[n] ?? 0))
      return { clock, service, gaps }
    }
    const down = always('UNAVAILABLE')
    await expect(down.clock.run(down.service.list(''))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(down.gaps()).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000])
    const busy = always('THROTTLED')
    await expect(busy.clock.run(busy.service.list(''))).rejects.toMatchObject({ code: 'THROTTLED' })
    expect(busy.gaps()).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000])
  })

  test('random takes up to half off a wait', async () => {
    const { clock, service } = await setUp({ list: ['throttled'] }, { random: () => 0.999_999 })
    const before = clock.now()
    await clock.run(service.list(''))
    expect(clock.now() - before).toBeCloseTo(500, 1)
  })

  test('gives the error to the caller after seven tries, or as many as asked for', async () => {
    const endless = (): Fault[] => [...Array(99)].map(() => 'lost request')
    const usual = await setUp({ peek: endless() })
    await expect(usual.clock.run(usual.queue.peek({ max: 1 }))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(usual.tries).toHaveLength(7)
    const once = await setUp({ peek: endless() }, { maxTries: 1 })
    await expect(once.queue.peek({ max: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(once.tries).toHaveLength(1)
  })

  test.each([0, 1.5, Number.NaN])('maxTries %s is refused', async (maxTries) => {
    await expect(setUp({}, { maxTries })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })

  test('every call is tried again', async () => {
    const fault: Fault[] = ['lost request', 'throttled']
    const calls: Record<FaultyCall, (service: QueueService, queue: Queue) => Promise<unknown>> = {
      create: (service) => service.create('other'),
      delete: (service) => service.delete('queue'),
      list: (service) => service.list(''),
      send: (_service, queue) => queue.send('x'),
      receive: (_service, queue) => queue.receive({ max: 1, leaseMs: 1_000 }),
      peek: (_service, queue) => queue.peek({ max: 1 }),
      approximateDepth: (_service, queue) => queue.approximateDepth(),
      update: async (_service, queue) => (await queue.send('x')).update('y', { leaseMs: 0 }),
      renew: async (_service, queue) => {
        await queue.send('x')
        await (await queue.receive({ max: 1, leaseMs: 60_000 }))[0]?.renew(60_000)
      },
      complete: async (_service, queue) => {
        await queue.send('x')
        await (await queue.receive({ max: 1, leaseMs: 60_000 }))[0]?.complete()
      },
      giveBack: async (_service, queue) => {
        await queue.send('x')
        await (await queue.receive({ max: 1, leaseMs: 60_000 }))[0]?.giveBack()
      },
    }
    for (const [name, call] of Object.entries(calls)) {
      const { clock, service, queue, tries } = await setUp({ [name]: [...fault] })
      await clock.run(call(service, queue))
      expect(tries.filter((one) => one === name)).toHaveLength(3)
    }
  })

  test('every other error goes straight to the caller', async () => {
    const { queue, service, tries } = await setUp({})
    await service.delete('queue')
    await expect(queue.send('x')).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' })
    await expect(queue.send('käse')).rejects.toMatchObject({ code: 'BODY_INVALID' })
    expect(tries).toEqual(['delete', 'send', 'send'])
  })

  test('an error that is none of ours goes straight to the caller', async () => {
    const clock = fakeClock()
    const bug = new TypeError('bug')
    let tries = 0
    const buggy: QueueService = {
      ...memoryService({ clock }),
      list: async () => {
        tries++
        throw bug
      },
    }
    await expect(withRetry(buggy, { clock, random: () => 0 }).list('')).rejects.toBe(bug)
    expect(tries).toBe(1)
  })

  test('the caller’s signal ends a wait at once, with its reason', async () => {
    const { clock, service, tries } = await setUp({ list: ['throttled', 'throttled'] })
    const stop = new AbortController()
    const listing = service.list('', { signal: stop.signal })
    await clock.advance(500)
    stop.abort(new Error('enough'))
    await expect(listing).rejects.toThrow('enough')
    expect(tries).toHaveLength(1)
    expect(clock.timers).toBe(0)
  })

  test('a call that was aborted before is not tried at all', async () => {
    const { service, tries } = await setUp({})
    const reason = new Error('before')
    await expect(service.list('', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(tries).toEqual([])
  })

  test('every further try is logged at the level debug', async () => {
    const logged: unknown[] = []
    const logger = { ...silentLogger, debug: (...args: unknown[]) => logged.push(args) }
    const { clock, service } = await setUp({ list: ['throttled'] }, { logger })
    await clock.run(service.list(''))
    const error = expect.objectContaining({ code: 'THROTTLED' })
    expect(logged).toEqual([['trying again', { error, tries: 1, waitMs: 1_000 }]])
  })

  test('the service’s signal ends every wait, and every call to come', async () => {
    const stop = new AbortController()
    const { clock, service, queue } = await setUp({ list: ['throttled'], peek: ['throttled'] }, { signal: stop.signal })
    const waiting = Promise.allSettled([service.list(''), queue.peek({ max: 1 })])
    await clock.advance(500)
    const reason = new Error('shutting down')
    stop.abort(reason)
    expect(await waiting).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ])
    await expect(service.create('late')).rejects.toBe(reason)
  })

  test('limits, polling and names are those of the service inside', async () => {
    const { service, innerService, queue } = await setUp({})
    expect(service.limits).toBe(innerService.limits)
    expect(service.polling).toBe(innerService.polling)
    expect(queue.name).toBe('queue')
    expect(() => service.queue('NO')).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }))
  })

  test('a send whose answer was lost leaves two messages: at least once', async () => {
    const { clock, inner, queue } = await setUp({ send: ['lost answer'] })
    await clock.run(queue.send('twice'))
    expect((await inner.peek({ max: 9 })).map((message) => message.body)).toEqual(['twice', 'twice'])
  })
})

describe('a lease with retry', () => {
  test('complete whose answer was lost has worked', async () => {
    const { clock, inner, take } = await setUp({ complete: ['lost answer'] })
    const lease = await take()
    await clock.run(lease.complete())
    expect(await inner.approximateDepth()).toBe(0)
    await expect(lease.complete()).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })

  test('giveBack whose answer was lost has worked, but claims nothing', async () => {
    const { clock, inner, take } = await setUp({ giveBack: ['lost answer'] })
    const lease = await take()
    await expect(clock.run(lease.giveBack())).rejects.toMatchObject({ code: 'LEASE_LOST' })
    expect(await inner.peek({ max: 1 })).toHaveLength(1)
  })

  test('complete that failed for good and worked after all is found out by the next one', async () => {
    const { clock, take } = await setUp({ complete: ['lost answer'] }, { maxTries: 1 })
    const lease = await take()
    await expect(lease.complete()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await clock.run(lease.complete())
  })

  test('complete that was cut short by its caller is found out by the next one', async () => {
    const { clock, inner } = await setUp({})
    const stop = new AbortController()
    const slow = memoryService({ clock, latencyMs: () => 100 })
    await clock.run(slow.create('queue'))
    await clock.run(slow.queue('queue').send('x'))
    const queue = withRetry(slow, { clock, random: () => 0 }).queue('queue')
    const [lease] = await clock.run(queue.receive({ max: 1, leaseMs: 60_000 }))
    const completing = lease?.complete({ signal: stop.signal })
    await clock.advance(150)
    stop.abort(new Error('enough'))
    await expect(completing).rejects.toThrow('enough')
    await clock.run(lease?.complete() ?? Promise.reject(new Error('no lease')))
    expect(await inner.approximateDepth()).toBe(0)
  })

  test('complete that was lost without any doubt is lost', async () => {
    const { clock, inner, take } = await setUp({})
    const lease = await take(1_000)
    await clock.advance(1_000)
    await inner.receive({ max: 1, leaseMs: 60_000 })
    await expect(lease.complete()).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })

  test('after throttling nothing is unclear: a lease lost is lost', async () => {
    const { clock, innerService, take } = await setUp({ complete: ['throttled'] })
    const lease = await take()
    const completing = lease.complete()
    await clock.advance(0)
    await innerService.delete('queue')
    await innerService.create('queue')
    await expect(clock.run(completing)).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })

  test('complete is lost where the lease ran out between its tries, as another reader may have it', async () => {
    const { clock, inner, take } = await setUp({ complete: ['lost request'] })
    const lease = await take(150)
    const completing = lease.complete()
    await clock.advance(150)
    const [other] = await inner.receive({ max: 1, leaseMs: 60_000 })
    await expect(clock.run(completing)).rejects.toMatchObject({ code: 'LEASE_LOST' })
    await other?.complete()
  })

  test('a lease lasts from the try that brought it', async () => {
    const { clock, inner, queue } = await setUp({ receive: ['throttled'], complete: ['lost answer'] })
    await inner.send('x')
    const [lease] = await clock.run(queue.receive({ max: 1, leaseMs: 900 }))
    await clock.run(lease?.complete() ?? Promise.reject(new Error('no lease')))
    expect(await inner.approximateDepth()).toBe(0)
  })

  test('a renewal moves the moment up to which a lost answer can be explained', async () => {
    const { clock, take } = await setUp({ complete: ['lost answer'] })
    const lease = await take(1_000)
    await lease.renew(60_000)
    await clock.advance(5_000)
    await clock.run(lease.complete())
  })

  test('a renewal whose answer was lost makes the receipt doubtful, and complete does not guess', async () => {
    const { clock, inner, take } = await setUp({ renew: ['lost answer'], complete: ['lost request'] })
    const lease = await take()
    await expect(clock.run(lease.renew(60_000))).rejects.toMatchObject({ code: 'LEASE_LOST' })
    await expect(clock.run(lease.complete())).rejects.toMatchObject({ code: 'LEASE_LOST' })
    expect(await inner.approximateDepth()).toBe(1)
  })

  test('a renewal that got through later makes it sure again', async () => {
    const { clock, inner, take } = await setUp({ renew: ['lost request'], complete: ['lost answer'] })
    const lease = await take()
    await clock.run(lease.renew(60_000))
    await clock.run(lease.complete())
    expect(await inner.approximateDepth()).toBe(0)
  })

  test('a renewal after an unclear complete proves that it had not worked', async () => {
    const { innerService, take } = await setUp({ complete: ['lost request'] }, { maxTries: 1 })
    const lease = await take()
    await expect(lease.complete()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await lease.renew(60_000)
    await innerService.delete('queue')
    await innerService.create('queue')
    await expect(lease.complete()).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })

  test('an update that shortened the lease shortens the explanation', async () => {
    const { clock, inner, take } = await setUp({ complete: ['lost request'] })
    const lease = await take()
    await lease.update('y', { leaseMs: 100 })
    const completing = lease.complete()
    await clock.advance(150)
    const [other] = await inner.receive({ max: 1, leaseMs: 60_000 })
    await expect(clock.run(completing)).rejects.toMatchObject({ code: 'LEASE_LOST' })
    await other?.complete()
  })
})
