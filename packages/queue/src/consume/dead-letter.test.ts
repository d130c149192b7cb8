import { describe, expect, test } from 'vitest'
import { recorder, type Told } from '../../test/record.ts'
import { memoryService } from '../drivers/memory.ts'
import { sleep } from '../port/clock.ts'
import { QueueError } from '../port/errors.ts'
import type { Queue } from '../port/queue.ts'
import { fakeClock } from '../testing/fake-clock.ts'
import { jsonCodec, send } from './codec.ts'
import { consume } from './consume.ts'
import type { Handler } from './delivery.ts'
import type { ConsumeOptions } from './options.ts'

async function setUp(overrides: Partial<ConsumeOptions<string>> = {}) {
  const clock = fakeClock()
  const service = memoryService({ clock })
  await service.create('work')
  await service.create('dead')
  const queue = service.queue('work')
  const dead = service.queue('dead')
  const stopTaking = new AbortController()
  const told: Told[] = []
  const start = (handler: Handler<string>, more: Partial<ConsumeOptions<string>> = {}) =>
    consume(queue, handler, {
      clock,
      random: () => 0,
      deadLetter: dead,
      failureDelay: { firstMs: 100, maxMs: 100 },
      stopTaking: stopTaking.signal,
      observer: recorder((event) => told.push(event)),
      ...overrides,
      ...more,
    })
  /** Runs a reader for a time. */
  const run = async (ms: number, handler: Handler<string>, more: Partial<ConsumeOptions<string>> = {}) => {
    const done = start(handler, more)
    await clock.advance(ms)
    stopTaking.abort()
    return clock.run(done)
  }
  const buried = async () => (await dead.peek({ max: 32 })).map(({ body }) => body)
  return { clock, service, queue, dead, buried, stopTaking, told, start, run }
}

const nothing = { completed: 0, givenBack: 0, deadLettered: 0, lost: 0, failed: 0 }
const fails: Handler<string> = () => Promise.reject(new Error('no'))

describe('dead letters', () => {
  test('a message that fails on its last delivery is moved, with its body as it was', async () => {
    const { queue, run, buried, told } = await setUp({ maxDeliveries: 3 })
    await send(queue, 'Käse.jpg')
    expect(await run(10_000, fails)).toEqual({ ...nothing, failed: 2, deadLettered: 1 })
    expect(await buried()).toEqual([String.raw`"K\u00e4se.jpg"`])
    expect(await queue.approximateDepth()).toBe(0)
    expect(told.at(-1)).toEqual(['deadLettered', expect.objectContaining({ deliveries: 3 }), new Error('no')])
  })

  test('ten deliveries are the default, and without a queue for them messages come again for ever', async () => {
    const counted = async (more: Partial<ConsumeOptions<string>>) => {
      const { queue, run } = await setUp(more)
      await send(queue, 'a')
      let deliveries = 0
      const summary = await run(30_000, async (message) => {
        deliveries = message.deliveries
        throw new Error('no')
      })
      return { deliveries, buried: summary.deadLettered }
    }
    expect(await counted({})).toEqual({ deliveries: 10, buried: 1 })
    const endless = await counted({ deadLetter: undefined })
    expect(endless).toMatchObject({ buried: 0 })
    expect(endless.deliveries).toBeGreaterThan(20)
  })

  test('a message whose readers die each time is moved without another try', async () => {
    const { clock, queue, run, buried, told } = await setUp({ maxDeliveries: 2 })
    await send(queue, 'kills its reader')
    for (let n = 0; n < 2; n++) {
      await queue.receive({ max: 1, leaseMs: 1_000 })
      await clock.advance(1_000)
    }
    let handled = 0
    const summary = await run(1_000, async () => {
      handled++
    })
    expect({ handled, summary }).toEqual({ handled: 0, summary: { ...nothing, deadLettered: 1 } })
    expect(await buried()).toEqual(['"kills its reader"'])
    expect(told).toEqual([
      ['deadLettered', expect.anything(), expect.objectContaining({ code: 'TOO_MANY_DELIVERIES' })],
    ])
  })

  test('a body that is not what the codec writes is moved at once', async () => {
    const { queue, run, buried, told } = await setUp()
    await queue.send('not json')
    expect(await run(1_000, async () => {})).toEqual({ ...nothing, deadLettered: 1 })
    expect(await buried()).toEqual(['not json'])
    expect(told.map(([name]) => name)).toEqual(['started', 'deadLettered'])
    expect(told[1]?.[2]).toMatchObject({ code: 'BODY_INVALID' })
  })

  test('such a body fails and comes again where there are no dead letters', async () => {
    const { queue, run } = await setUp({ deadLetter: undefined, failureDelay: { firstMs: 60_000, maxMs: 60_000 } })
    await queue.send('not json')
    expect(await run(1_000, async () => {})).toEqual({ ...nothing, failed: 1 })
    expect(await queue.approximateDepth()).toBe(1)
  })

  test('a handler may say that a message will never work', async () => {
    const { queue, run, buried, told } = await setUp()
    await send(queue, 'a')
    expect(await run(1_000, async () => ({ deadLetter: 'the file is no picture' }))).toEqual({
      ...nothing,
      deadLettered: 1,
    })
    expect(await buried()).toEqual(['"a"'])
    expect(told.at(-1)?.[2]).toEqual(new Error('the file is no picture'))
  })

  test('without dead letters that is a failure', async () => {
    const { queue, run, told } = await setUp({
      deadLetter: undefined,
      failureDelay: { firstMs: 60_000, maxMs: 60_000 },
    })
    await send(queue, 'a')
    expect(await run(1_000, async () => ({ deadLetter: 'no picture' }))).toEqual({ ...nothing, failed: 1 })
    expect(told.at(-1)?.[2]).toEqual(new Error('no picture'))
  })

  test('a body of another program, which no driver of ours would send, keeps its meaning', async () => {
    const { queue, dead, buried } = await setUp()
    const foreign: Pick<Queue, 'name' | 'receive'> = {
      name: 'work',
      receive: async (options) =>
        (await queue.receive(options)).map((lease) => ({ ...lease, body: '{"file":"Käse.jpg"}' })),
    }
    await send(queue, 'a')
    await consume(foreign, async () => ({ deadLetter: 'no' }), { deadLetter: dead, stopWhenEmpty: true })
    const [body = ''] = await buried()
    expect(jsonCodec().decode(body)).toEqual({ file: 'Käse.jpg' })
  })

  test('a message that cannot be moved comes again, and is among the dead letters later', async () => {
    const { queue, dead, run, buried, told } = await setUp({ maxDeliveries: 1 })
    await send(queue, 'a')
    let tries = 0
    const shaky = {
      ...dead,
      send: async (body: string) => {
        if (++tries < 3) throw new QueueError('UNAVAILABLE', 'dead', 'reset')
        return dead.send(body)
      },
    }
    expect(await run(10_000, fails, { deadLetter: shaky })).toEqual({ ...nothing, failed: 2, deadLettered: 1 })
    expect(await buried()).toEqual(['"a"'])
    expect(told.find(([name]) => name === 'failed')?.[2]).toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('work that was told to end is given back on its last delivery, too', async () => {
    const { clock, queue, start, buried } = await setUp({ maxDeliveries: 1 })
    await send(queue, 'a')
    const abort = new AbortController()
    const done = start((_message, { signal }) => sleep(clock, 60_000, signal), { abortWork: abort.signal })
    await clock.advance(10)
    abort.abort(new Error('stopping'))
    expect(await clock.run(done)).toEqual({ ...nothing, givenBack: 1 })
    expect(await buried()).toEqual([])
  })

  test('a queue for them that is not there is said at once, and not when the first message fails', async () => {
    const { service, queue, start } = await setUp()
    await send(queue, 'a')
    await service.delete('dead')
    let handled = 0
    const done = start(async () => {
      handled++
    })
    await expect(done).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND', queue: 'dead' })
    expect(handled).toBe(0)
  })

  test('a service that is out of reach at the start is no reason to end', async () => {
    const { queue, dead, run } = await setUp()
    await send(queue, 'a')
    const away = { ...dead, peek: () => Promise.reject(new QueueError('UNAVAILABLE', 'dead', 'reset')) }
    expect(await run(1_000, async () => {}, { deadLetter: away })).toEqual({ ...nothing, completed: 1 })
  })

  test.each([
    [{ maxDeliveries: 0 }, /maxDeliveries must be a whole number of at least 1, got 0/],
    [{ maxDeliveries: 1.5 }, /maxDeliveries/],
    [{ maxDeliveries: 3, deadLetter: undefined }, /deadLetter must be a queue, as maxDeliveries is given/],
    [{ deadLetter: { ...memoryService().queue('work') } }, /another queue than the one that is read/],
  ])('%j is refused', async (options, message) => {
    const { start } = await setUp()
    await expect(start(async () => {}, options)).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringMatching(message),
    })
  })
})
