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
import type { ConsumeOptions } from './options.ts'

async function setUp(overrides: Partial<ConsumeOptions<string>> = {}) {
  const clock = fakeClock()
  const service = memoryService({ clock })
  await service.create('work')
  const queue = service.queue('work')
  const stopTaking = new AbortController()
  const told: Told[] = []
  const options: ConsumeOptions<string> = {
    codec: textCodec,
    leaseMs: 60_000,
    concurrency: 4,
    clock,
    random: () => 0,
    polling: { minMs: 100, maxMs: 1_000 },
    stopTaking: stopTaking.signal,
    abortWork: new AbortController().signal,
    observer: recorder((event) => told.push(event)),
    ...overrides,
  }
  const start = (handler: Handler<string>, source: Pick<Queue, 'name' | 'receive'> = queue) =>
    consume(source, handler, options)
  return { clock, queue, stopTaking, told, start }
}

const nothing = { completed: 0, givenBack: 0, deadLettered: 0, lost: 0, failed: 0 }

describe('how consume receives', () => {
  test('idle polling slows down to its maximum and is quick again after work', async () => {
    const { clock, queue, start, stopTaking } = await setUp()
    const asked: number[] = []
    const begin = clock.now()
    const watched: Pick<Queue, 'name' | 'receive'> = {
      name: 'work',
      receive: (options) => {
        asked.push(clock.now() - begin)
        return queue.receive(options)
      },
    }
    const done = start(async () => 'complete', watched)
    await clock.advance(10_000)
    const gaps = asked.slice(1).map((at, n) => at - (asked[n] ?? 0))
    expect(gaps.slice(0, 3)).toEqual([100, 150, 225])
    expect(gaps.at(-1)).toBe(1_000)
    expect(Math.max(...gaps)).toBe(1_000)
    asked.length = 0
    await queue.send('work')
    await clock.advance(2_000)
    expect((asked.at(2) ?? 0) - (asked.at(1) ?? 0)).toBe(100)
    stopTaking.abort()
    await clock.run(done)
  })

  test('random takes up to half off an idle wait', async () => {
    const { clock, start, stopTaking } = await setUp({ random: () => 0.999_999 })
    const asked: number[] = []
    const done = start(async () => 'complete', {
      name: 'work',
      receive: async () => {
        asked.push(clock.now())
        return []
      },
    })
    await clock.advance(60)
    stopTaking.abort()
    await clock.run(done)
    expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeCloseTo(50, 1)
  })

  test('a failing receive is reported, logged, and retried with growing pauses, and recovers', async () => {
    const logged: unknown[] = []
    const logger: Logger = { ...silentLogger, warn: (...args) => logged.push(args), child: () => logger }
    const { clock, queue, start, stopTaking, told } = await setUp({ logger })
    await queue.send('a')
    const denied = new QueueError('DENIED', 'work', 'no role')
    const asked: number[] = []
    const done = start(async () => 'complete', {
      name: 'work',
      receive: async (options) => {
        asked.push(clock.now())
        if (asked.length <= 12) throw denied
        return queue.receive(options)
      },
    })
    await clock.advance(100_000)
    stopTaking.abort()
    expect(await clock.run(done)).toEqual({ ...nothing, completed: 1 })
    const waits = [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000]
    expect(told.slice(0, 12)).toEqual(waits.map((wait) => ['receiveFailed', denied, wait]))
    expect(waits.map((_wait, n) => (asked[n + 1] ?? 0) - (asked[n] ?? 0))).toEqual(waits)
    expect(logged[0]).toEqual(['receive failed', { error: denied, retryInMs: 200 }])
  })

  test('an outage after a good time starts with short waits again', async () => {
    const { clock, queue, start, stopTaking, told } = await setUp()
    const failing = new Set([1, 2, 3, 5, 6])
    let receives = 0
    const done = start(async () => 'complete', {
      name: 'work',
      receive: async (options) => {
        if (failing.has(++receives)) throw new QueueError('UNAVAILABLE', 'work', 'reset')
        return queue.receive(options)
      },
    })
    await clock.advance(5_000)
    stopTaking.abort()
    await clock.run(done)
    const waits = told.filter(([name]) => name === 'receiveFailed').map((event) => event[2])
    expect(waits).toEqual([200, 400, 800, 200, 400])
  })

  test.each(['QUEUE_NOT_FOUND', 'CLOSED', 'NAME_INVALID', 'OPTION_INVALID'] as const)(
    '%s ends the loop with that error, after the handlers at work',
    async (code) => {
      const { clock, queue, start } = await setUp()
      await queue.send('a')
      const problem = new QueueError(code, 'work', 'over')
      let receives = 0
      let finished = false
      const done = start(
        async () => {
          await sleep(clock, 5_000)
          finished = true
          return 'complete'
        },
        {
          name: 'work',
          receive: async (options) => {
            if (++receives > 1) throw problem
            return queue.receive(options)
          },
        },
      )
      await expect(clock.run(done)).rejects.toBe(problem)
      expect(finished).toBe(true)
      expect(await queue.approximateDepth()).toBe(0)
    },
  )

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('concurrency %s is refused', async (concurrency) => {
    const { start } = await setUp({ concurrency })
    await expect(start(async () => 'complete')).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })

  test.each([0, -1, Number.NaN, 604_800_001])(
    'leaseMs %s is refused, before anything is asked for',
    async (leaseMs) => {
      const { start, stopTaking } = await setUp({ leaseMs })
      stopTaking.abort()
      await expect(start(async () => 'complete')).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    },
  )

  test('already stopped, nothing is asked for', async () => {
    const { start, stopTaking } = await setUp()
    stopTaking.abort()
    let asked = 0
    const counted = {
      name: 'work',
      receive: async () => {
        asked++
        return []
      },
    }
    expect(await start(async () => 'complete', counted)).toEqual(nothing)
    expect(asked).toBe(0)
  })
})
