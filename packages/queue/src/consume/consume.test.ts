import { describe, expect, test } from 'vitest'
import { recorder, type Told } from '../../test/record.ts'
import { memoryService } from '../drivers/memory.ts'
import { sleep } from '../port/clock.ts'
import { QueueError } from '../port/errors.ts'
import { type Logger, type Queue, silentLogger } from '../port/queue.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { textCodec } from './codec.ts'
import { consume } from './consume.ts'
import type { Handler } from './delivery.ts'
import { type ConsumeObserver, tellTo } from './observer.ts'
import type { ConsumeOptions } from './options.ts'

async function setUp(overrides: Partial<ConsumeOptions<string>> = {}) {
  const clock = fakeClock()
  const service = memoryService({ clock })
  await service.create('work')
  const queue = service.queue('work')
  const stopTaking = new AbortController()
  const abortWork = new AbortController()
  const told: Told[] = []
  const options: ConsumeOptions<string> = {
    codec: textCodec,
    leaseMs: 60_000,
    concurrency: 4,
    clock,
    random: () => 0,
    polling: { minMs: 100, maxMs: 1_000 },
    stopTaking: stopTaking.signal,
    abortWork: abortWork.signal,
    observer: recorder((event) => told.push(event)),
    ...overrides,
  }
  const names = () => told.map(([name]) => name)
  const start = (handler: Handler<string>, source: Pick<Queue, 'name' | 'receive'> = queue) =>
    consume(source, handler, options)
  return { clock, service, queue, stopTaking, abortWork, told, names, start }
}

const nothing = { completed: 0, givenBack: 0, deadLettered: 0, lost: 0, failed: 0 }

describe('consume', () => {
  test('a message is handed over once, completed, and gone', async () => {
    const { clock, queue, start, stopTaking, names } = await setUp()
    await queue.send('a')
    await queue.send('b')
    const seen: string[] = []
    const done = start(async (message) => {
      seen.push(message.body)
      return 'complete'
    })
    await clock.advance(1_000)
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, completed: 2 })
    expect(seen).toEqual(['a', 'b'])
    expect(await queue.approximateDepth()).toBe(0)
    expect(names()).toEqual(['started', 'started', 'completed', 'completed'])
    expect(clock.timers).toBe(0)
  })

  test('a handler gets id, body, deliveries and insertion time, and no lease', async () => {
    const { clock, queue, start, stopTaking } = await setUp()
    const sent = await queue.send('a')
    const insertedAtMs = clock.now()
    let seen: unknown
    const done = start(async (message) => {
      seen = message
      return 'complete'
    })
    await clock.advance(10)
    stopTaking.abort()
    await clock.run(done)
    expect(seen).toEqual({ id: sent.id, body: 'a', deliveries: 1, insertedAtMs })
  })

  test('no more than `concurrency` messages are at work', async () => {
    const { clock, queue, start, stopTaking } = await setUp({ concurrency: 3 })
    for (let n = 0; n < 20; n++) await queue.send(`m${n}`)
    let atWork = 0
    let most = 0
    const done = start(async () => {
      most = Math.max(most, ++atWork)
      await sleep(clock, 500)
      atWork--
      return 'complete'
    })
    await clock.advance(20 * 500)
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, completed: 20 })
    expect(most).toBe(3)
  })

  test('more than 32 at once are taken in several receives', async () => {
    const { clock, queue, start, stopTaking } = await setUp({ concurrency: 50 })
    for (let n = 0; n < 50; n++) await queue.send(`m${n}`)
    let atWork = 0
    const done = start(async () => {
      atWork++
      await sleep(clock, 5_000)
      return 'complete'
    })
    await clock.advance(1_000)
    expect(atWork).toBe(50)
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, completed: 50 })
  })

  test('a handler that takes ten leases keeps its message', async () => {
    const { clock, queue, start, stopTaking } = await setUp({ leaseMs: 1_000 })
    await queue.send('long')
    const done = start(async () => {
      await sleep(clock, 10_000)
      return 'complete'
    })
    await clock.advance(9_000)
    expect(await queue.peek({ max: 1 })).toEqual([])
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, completed: 1 })
  })

  test('a message given back comes again after its delay, and is no failure', async () => {
    const { clock, queue, start, stopTaking, told } = await setUp()
    await queue.send('later')
    const at: number[] = []
    const begin = clock.now()
    const done = start(async ({ deliveries }) => {
      at.push(clock.now() - begin)
      return deliveries === 1 ? { giveBackMs: 5_000 } : 'complete'
    })
    await clock.advance(10_000)
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, givenBack: 1, completed: 1 })
    expect(at[0]).toBe(0)
    expect(at[1]).toBeGreaterThanOrEqual(5_000)
    expect(told).toContainEqual(['givenBack', expect.objectContaining({ body: 'later' }), 5_000])
  })

  test('a handler that throws gets the message again, later each time', async () => {
    const { clock, queue, start, stopTaking, told } = await setUp({ failureDelay: { firstMs: 1_000, maxMs: 3_000 } })
    await queue.send('bad')
    const problem = new Error('no')
    const done = start(async ({ deliveries }) => {
      if (deliveries < 5) throw problem
      return 'complete'
    })
    await clock.advance(30_000)
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, failed: 4, completed: 1 })
    const delays = told.filter(([name]) => name === 'failed').map((event) => event[3])
    expect(delays).toEqual([1_000, 2_000, 3_000, 3_000])
    expect(told.find(([name]) => name === 'failed')?.[2]).toBe(problem)
  })

  test('random takes up to half off the wait of a failed message, and the failure is logged', async () => {
    const logged: unknown[] = []
    const logger: Logger = { ...silentLogger, error: (...args) => logged.push(args), child: () => logger }
    const { clock, queue, start, stopTaking, told } = await setUp({ random: () => 0.5, logger })
    await queue.send('bad')
    const problem = new Error('no')
    const done = start(() => Promise.reject(problem))
    await clock.advance(100)
    stopTaking.abort()
    await clock.run(done)
    expect(told.at(-1)?.[3]).toBe(750)
    expect(logged).toEqual([['handler failed', { error: problem, delayMs: 750 }]])
  })

  test('a handler that throws before its first await has failed, not the loop', async () => {
    const { clock, queue, start, stopTaking } = await setUp()
    await queue.send('bad')
    const done = start(() => {
      throw new Error('at once')
    })
    await clock.advance(10)
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, failed: 1 })
  })

  test.each([undefined, null])('a handler that returns %s has done its work', async (result) => {
    const { clock, queue, start, stopTaking } = await setUp()
    await queue.send('a')
    const done = start(async () => result as undefined)
    await clock.advance(10)
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, completed: 1 })
    expect(await queue.approximateDepth()).toBe(0)
  })

  test.each(['done', 7, true, {}, []])('a handler that returns %j has failed, and not the loop', async (result) => {
    const { clock, queue, start, stopTaking, told } = await setUp()
    await queue.send('a')
    const done = start(async () => result as 'complete')
    await clock.advance(10)
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, failed: 1 })
    expect(told.at(-1)?.[2]).toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining("the handler's result must be nothing, 'complete'"),
    })
  })

  test('stopWhenEmpty ends once nothing is visible and no handler works', async () => {
    const { clock, queue, start } = await setUp({ stopWhenEmpty: true, concurrency: 1 })
    for (const body of ['a', 'b', 'c']) await queue.send(body)
    await queue.send('hidden', { delayMs: 3_600_000 })
    const done = start(async ({ body }) => {
      await sleep(clock, 1_000)
      if (body === 'c') await queue.send('d')
    })
    expect(await clock.run(done)).toEqual({ ...nothing, completed: 4 })
    expect(await queue.approximateDepth()).toBe(1)
  })

  test('stopTaking lets the work at hand finish and takes no more', async () => {
    const { clock, queue, start, stopTaking } = await setUp({ concurrency: 1 })
    await queue.send('first')
    await queue.send('second')
    let aborted = false
    const done = start(async (_message, { signal }) => {
      await sleep(clock, 1_000)
      aborted = signal.aborted
      return 'complete'
    })
    await clock.advance(10)
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, completed: 1 })
    expect(aborted).toBe(false)
    expect(await queue.peek({ max: 2 })).toMatchObject([{ body: 'second', deliveries: 0 }])
  })

  test('stopTaking ends an idle wait at once', async () => {
    const { clock, start, stopTaking } = await setUp({ polling: { minMs: 3_600_000, maxMs: 3_600_000 } })
    const done = start(async () => 'complete')
    await clock.advance(10)
    const before = clock.now()
    stopTaking.abort()
    expect(await clock.run(done)).toEqual(nothing)
    expect(clock.now()).toBe(before)
  })

  test('messages that arrive after stopTaking are given back untouched', async () => {
    const { clock, queue, start, stopTaking } = await setUp()
    await queue.send('late')
    const slow: Pick<Queue, 'name' | 'receive'> = {
      name: 'work',
      receive: async (options) => {
        await sleep(clock, 500, options.signal)
        return queue.receive(options)
      },
    }
    let handled = 0
    const done = start(async () => {
      handled++
      return 'complete'
    }, slow)
    await clock.advance(100)
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, givenBack: 1 })
    expect(handled).toBe(0)
    expect(await queue.peek({ max: 1 })).toMatchObject([{ body: 'late' }])
  })

  test('a receive that hangs is cut off a moment after stopTaking, and is no failure', async () => {
    const { clock, start, stopTaking, names } = await setUp()
    const hanging: Pick<Queue, 'name' | 'receive'> = {
      name: 'work',
      receive: async (options) => {
        await sleep(clock, 3_600_000, options.signal)
        return []
      },
    }
    const done = start(async () => 'complete', hanging)
    await clock.advance(100)
    stopTaking.abort()
    const before = clock.now()
    expect(await clock.run(done)).toEqual(nothing)
    expect(clock.now() - before).toBe(2_000)
    expect(clock.timers).toBe(0)
    expect(names()).toEqual([])
  })

  test('abortWork alone stops taking, aborts handlers with its reason, and gives back what they drop', async () => {
    const { clock, queue, start, abortWork, names } = await setUp()
    await queue.send('a')
    let reason: unknown
    const done = start(async (_message, { signal }) => {
      await sleep(clock, 3_600_000, signal).catch((error: unknown) => {
        reason = error
        throw error
      })
      return 'complete'
    })
    await clock.advance(10)
    const why = new Error('evicted')
    abortWork.abort(why)
    expect(await clock.run(done)).toEqual({ ...nothing, givenBack: 1 })
    expect(reason).toBe(why)
    expect(names()).toEqual(['started', 'givenBack'])
    expect(await queue.peek({ max: 1 })).toMatchObject([{ body: 'a' }])
  })

  test('work that is done although abortWork asked to end it is completed', async () => {
    const { clock, queue, start, abortWork } = await setUp()
    await queue.send('a')
    const done = start(async (_message, { signal }) => {
      await sleep(clock, 3_600_000, signal).catch(() => {})
      return 'complete'
    })
    await clock.advance(10)
    abortWork.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, completed: 1 })
    expect(await queue.approximateDepth()).toBe(0)
  })

  test('a lost lease aborts its handler with LEASE_LOST and is counted as lost, for every answer of the handler', async () => {
    const { clock, queue, service, start, stopTaking, told } = await setUp({ leaseMs: 1_000 })
    await queue.send('a')
    let reason: unknown
    const done = start(async (_message, { signal }) => {
      await sleep(clock, 3_600_000, signal).catch((error: unknown) => {
        reason = error
      })
      return 'complete'
    })
    await clock.advance(100)
    await service.delete('work')
    await service.create('work')
    await clock.advance(1_000)
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, lost: 1 })
    expect(reason).toMatchObject({ code: 'LEASE_LOST' })
    expect(told.at(-1)).toEqual(['lost', expect.objectContaining({ body: 'a' }), reason])
  })

  test('an observer that throws breaks nothing', async () => {
    const broken = recorder(() => {
      throw new Error('metrics are down')
    })
    const { clock, queue, start, stopTaking } = await setUp({ observer: broken })
    await queue.send('a')
    const done = start(async () => 'complete')
    await clock.advance(10)
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, completed: 1 })
  })

  test('an outcome that cannot be carried out is a lost message, not an unhandled error', async () => {
    const { clock, queue, start, stopTaking, told } = await setUp()
    await queue.send('a')
    const done = start(async () => ({ giveBackMs: -1 }))
    await clock.advance(10)
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, lost: 1 })
    expect(told.at(-1)).toMatchObject(['lost', { body: 'a' }, { code: 'OPTION_INVALID' }])
  })
})

const message = { id: 'm', body: 'x', deliveries: 1, insertedAtMs: 0 }

test('an observer may be an object of its own, with the methods that it wants', () => {
  class Delays implements ConsumeObserver {
    sumMs = 0
    givenBack(_message: unknown, delayMs: number): void {
      this.sumMs += delayMs
    }
  }
  const delays = new Delays()
  const tell = tellTo(delays, silentLogger)
  tell('givenBack', message, 5)
  tell('completed', message)
  expect(delays.sumMs).toBe(5)
})

test('an observer that throws is logged with the name of the event', () => {
  const problem = new Error('metrics are down')
  const logged: unknown[] = []
  const observer: ConsumeObserver = {
    lost: () => {
      throw problem
    },
  }
  const logger = { ...silentLogger, error: (...args: unknown[]) => logged.push(args) }
  tellTo(observer, logger)('lost', message, new QueueError('LEASE_LOST', 'q', 'gone'))
  expect(logged).toEqual([['an observer failed', { event: 'lost', error: problem }]])
})

test('without an observer nothing happens', () => {
  tellTo(undefined, silentLogger)('started', message)
})
