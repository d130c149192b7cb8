import { describe, expect, test } from 'vitest'
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts'
import { type ServerModel, serverModel } from '../testing/server-model.ts'
import { type AdaptiveLimit, adaptiveLimit, Samples } from './adaptive-limit.ts'
import type { TurnTaker } from './limiter.ts'

interface Bench {
  readonly clock: FakeClock
  readonly limit: AdaptiveLimit
  readonly server: ServerModel
  /** Requests per millisecond while `ms` pass. */
  readonly rate: (ms: number) => Promise<number>
}

interface BenchOptions {
  readonly roundTripMs: number
  /** Requests a millisecond, at most. */
  readonly capacity: number
  readonly workers?: number
  readonly noise?: number | undefined
  readonly easy?: number
  readonly max?: number
  readonly callers?: number
}

/** A server, and callers who always want more of it. */
function bench({
  roundTripMs,
  capacity,
  workers = 1,
  noise,
  easy = 4,
  max = 4096,
  callers = 5000,
}: BenchOptions): Bench {
  const clock = fakeClock({ promisesAlone: true })
  const server = serverModel(clock, { roundTripMs, serviceMs: workers / capacity, workers, noise })
  const limit = adaptiveLimit({ easy, max, clock })
  const caller = async (): Promise<void> => {
    for (;;) await limit.run(() => server.request())
  }
  for (let at = 0; at < callers; at++) void caller()
  const rate = async (ms: number): Promise<number> => {
    const before = server.served
    await clock.advance(ms)
    return (server.served - before) / ms
  }
  return { clock, limit, server, rate }
}

describe('an adaptive limit', () => {
  test.for([
    { roundTripMs: 0.2, capacity: 20, noise: 0 },
    { roundTripMs: 0.2, capacity: 20, noise: 0.5 },
    { roundTripMs: 5, capacity: 10, noise: 0 },
    { roundTripMs: 5, capacity: 10, noise: 0.5 },
    { roundTripMs: 40, capacity: 10, noise: 0 },
    { roundTripMs: 40, capacity: 10, noise: 0.5 },
    { roundTripMs: 100, capacity: 5, noise: 0 },
    { roundTripMs: 100, capacity: 5, noise: 0.5 },
    { roundTripMs: 40, capacity: 8, noise: 0.5, workers: 100 },
    // Long READs, a megabyte each: a handful keeps a near server busy, dozens a far one.
    { roundTripMs: 0.2, capacity: 2, noise: 0.2, easy: 2 },
    { roundTripMs: 40, capacity: 2, noise: 0.2, easy: 2 },
  ])('finds the knee of $capacity/ms behind $roundTripMs ms with noise $noise, and no more', async (options) => {
    const { limit, rate, clock } = bench(options)
    await clock.advance(Math.max(1_500, 40 * options.roundTripMs))
    expect(await rate(2_000)).toBeGreaterThan(0.9 * options.capacity)
    // A start that is tried once more, to see whether something else had ended the first.
    await clock.advance(20 * options.roundTripMs)
    const knee = options.capacity * options.roundTripMs + (options.workers ?? 1)
    expect(limit.state.limit).toBeLessThan(2 * knee + 8)
  })

  test('gives places one by one, to those who wait in the order in which they came', async () => {
    const clock = fakeClock()
    const limit = adaptiveLimit({ min: 2, easy: 2, max: 2, clock })
    const { turns } = limit
    const order: string[] = []
    const taker = (name: string): TurnTaker => ({ begin: () => order.push(name), fail: () => undefined })
    expect(['first', 'second', 'third', 'fourth'].map((name) => turns.take(taker(name)))).toEqual([
      true,
      true,
      false,
      false,
    ])
    turns.give(10)
    expect(order).toEqual(['third'])
    turns.give(undefined)
    expect(order).toEqual(['third', 'fourth'])
    expect(limit.state).toMatchObject({ inFlight: 2, limit: 2 })
  })

  test('is as flat as ever where all who wait give their places back at once', () => {
    const limit = adaptiveLimit({ min: 1, easy: 1, max: 1, clock: fakeClock() })
    const { turns } = limit
    let begun = 0
    const taker: TurnTaker = {
      begin() {
        begun++
        turns.give(undefined)
      },
      fail: () => undefined,
    }
    expect(turns.take(taker)).toBe(true)
    for (let at = 0; at < 100_000; at++) turns.take(taker)
    turns.give(undefined)
    expect([begun, limit.state.inFlight]).toEqual([100_000, 0])
  })

  test('measures tasks that succeed, and no task that failed', async () => {
    const clock = fakeClock()
    const limit = adaptiveLimit({ min: 1, easy: 1, max: 1, clock })
    const once = async (tookMs: number | undefined): Promise<void> => {
      expect(limit.turns.take({ begin: () => undefined, fail: () => undefined })).toBe(true)
      await clock.advance(10)
      limit.turns.give(tookMs)
    }
    for (let at = 0; at < 40; at++) await once(undefined)
    expect(limit.state.p50Ms).toBe(undefined)
    for (let at = 0; at < 40; at++) await once(10)
    expect(limit.state.p50Ms).toBe(10)
  })

  test('begins with its easy bound, and looks for no fewer than that', async () => {
    const near = bench({ roundTripMs: 0.2, capacity: 20, noise: 0.5, easy: 64 })
    expect(near.limit.state.limit).toBe(64)
    await near.clock.advance(1_500)
    expect(await near.rate(5_000)).toBeGreaterThan(0.95 * 20)
    expect(near.limit.state.limit).toBeGreaterThanOrEqual(64)
    expect(near.limit.state.limit).toBeLessThanOrEqual(2 * 64)
    const far = bench({ roundTripMs: 40, capacity: 15, noise: 0.5, easy: 64 })
    await far.clock.advance(1_500)
    expect(await far.rate(2_000)).toBeGreaterThan(0.9 * 15)
    expect(far.limit.state.limit).toBeLessThan(2 * 15 * 40)
  })

  test('uses all that it may where the knee lies beyond', async () => {
    const { limit, rate, clock } = bench({ roundTripMs: 100, capacity: 100, max: 200 })
    await clock.advance(3_000)
    expect(await rate(2_000)).toBeGreaterThan(1.8)
    expect(limit.state.limit).toBeGreaterThanOrEqual(160)
  })

  test('comes back from its bound when that is too much, though no task waits there', async () => {
    const { limit, rate, clock } = bench({
      roundTripMs: 100,
      capacity: 14,
      noise: 0.5,
      easy: 64,
      max: 4096,
      callers: 4096,
    })
    await clock.advance(12_000)
    expect(await rate(2_000)).toBeGreaterThan(0.9 * 14)
    expect(limit.state.limit).toBeLessThan(2 * 14 * 100)
  })

  test('follows a server that becomes slower, and one that becomes faster', async () => {
    const { limit, server, rate, clock } = bench({ roundTripMs: 10, capacity: 20, noise: 0.2 })
    await clock.advance(3_000)
    expect(limit.state.limit).toBeGreaterThan(150)
    server.serviceMs *= 8
    await clock.advance(6_000)
    expect(limit.state.limit).toBeLessThan(80)
    expect(await rate(1_000)).toBeGreaterThan(0.9 * 2.5)
    server.serviceMs /= 8
    await clock.advance(6_000)
    expect(await rate(1_000)).toBeGreaterThan(0.9 * 20)
  })

  test('follows a way that becomes longer', async () => {
    const { server, rate, clock } = bench({ roundTripMs: 5, capacity: 10 })
    await clock.advance(2_000)
    server.roundTripMs = 50
    await clock.advance(10_000)
    expect(await rate(1_000)).toBeGreaterThan(0.85 * 10)
  })

  test('is not talked down by others who use the machines now and then', async () => {
    const { server, rate, clock } = bench({ roundTripMs: 40, capacity: 10, noise: 0.3 })
    const { serviceMs } = server
    let seed = 7
    const change = (): void => {
      seed = Math.imul(seed, 48_271) % 0x7fff_ffff
      const share = Math.abs(seed) / 0x7fff_ffff
      server.serviceMs = serviceMs * (0.6 + 0.8 * share)
      server.roundTripMs = share > 0.9 ? 120 : 40
      clock.setTimer(100, change)
    }
    change()
    await clock.advance(5_000)
    expect(await rate(15_000)).toBeGreaterThan(0.75 * 10)
  })

  test('gives way to a storm of JUKEBOX, and comes back after it', async () => {
    const { limit, rate, clock } = bench({ roundTripMs: 10, capacity: 20 })
    await clock.advance(3_000)
    expect(limit.state.limit).toBeGreaterThan(150)
    for (let at = 0; at < 2_000; at++) {
      for (let each = 0; each < 5; each++) limit.jukebox()
      await clock.advance(1)
    }
    expect(limit.state.limit).toBe(4)
    await clock.advance(4_000)
    expect(await rate(1_000)).toBeGreaterThan(0.9 * 20)
  })

  test('halves once for trouble that comes all at once', async () => {
    for (const trouble of ['timeout', 'reconnect'] as const) {
      const { limit, clock } = bench({ roundTripMs: 10, capacity: 20 })
      await clock.advance(3_000)
      const { limit: before } = limit.state
      for (let at = 0; at < 500; at++) limit[trouble]()
      expect(limit.state.limit).toBe(Math.floor(before / 2))
    }
  })

  test('is not put off by a single JUKEBOX among hundreds in flight, but by one among few', async () => {
    const many = bench({ roundTripMs: 10, capacity: 20 })
    await many.clock.advance(3_000)
    const { limit: before } = many.limit.state
    many.limit.jukebox()
    expect(many.limit.state.limit).toBe(before)
    const few = bench({ roundTripMs: 1, capacity: 5 })
    await few.clock.advance(3_000)
    const halved = Math.max(4, Math.floor(few.limit.state.limit / 2))
    few.limit.jukebox()
    expect(few.limit.state.limit).toBe(halved)
  })

  test('stays small while no more is asked for', async () => {
    const { limit, clock } = bench({ roundTripMs: 10, capacity: 1000, callers: 10 })
    await clock.advance(5_000)
    expect(limit.state.limit).toBeLessThanOrEqual(16)
  })

  test('does not take failures for throughput', async () => {
    const clock = fakeClock({ promisesAlone: true })
    const limit = adaptiveLimit({ easy: 4, clock })
    const caller = async (): Promise<void> => {
      for (;;) await limit.run(() => clock.sleep(0.1).then(() => Promise.reject(new Error('down')))).catch(() => {})
    }
    for (let at = 0; at < 100; at++) void caller()
    await clock.advance(1_000)
    expect(limit.state.limit).toBe(4)
    expect(limit.state.p50Ms).toBe(undefined)
  })

  test('never has more in flight than it says, and begins in order', async () => {
    const clock = fakeClock({ promisesAlone: true })
    const limit = adaptiveLimit({ min: 2, easy: 2, max: 3, clock })
    const begun: number[] = []
    let inFlight = 0
    const all = Array.from({ length: 200 }, (_, at) =>
      limit.run(async () => {
        begun.push(at)
        expect(++inFlight).toBeLessThanOrEqual(limit.state.limit)
        await clock.sleep(10)
        inFlight--
        return at
      }),
    )
    expect(limit.state).toMatchObject({ limit: 2, inFlight: 2, waiting: 198 })
    await clock.advance(2_000)
    expect(await Promise.all(all)).toEqual(begun)
    expect(begun).toEqual(Array.from({ length: 200 }, (_, at) => at))
    expect(limit.state).toMatchObject({ inFlight: 0, waiting: 0 })
  })

  test('settles as its tasks do, and continues after those that throw', async () => {
    const limit = adaptiveLimit({ min: 1, max: 1, clock: fakeClock({ promisesAlone: true }) })
    const tasks = [
      limit.run(() => Promise.reject(new Error('one'))),
      limit.run(() => {
        throw new Error('two')
      }),
      limit.run(async () => 'three'),
    ]
    expect(await Promise.allSettled(tasks)).toMatchObject([
      { status: 'rejected', reason: { message: 'one' } },
      { status: 'rejected', reason: { message: 'two' } },
      { status: 'fulfilled', value: 'three' },
    ])
  })

  test('tells latencies as an observer hears them, of READs alone; else as its tasks take', async () => {
    const { limit, clock } = bench({ roundTripMs: 10, capacity: 1000, max: 16 })
    expect(Object.keys(limit.state)).toEqual(['inFlight', 'limit', 'waiting'])
    await clock.advance(1_000)
    expect(limit.state.p50Ms).toBeCloseTo(10, 0)
    const heard = bench({ roundTripMs: 10, capacity: 1000, max: 16 })
    for (let at = 0; at < 100; at++) {
      heard.limit.latency(3, 'READ')
      heard.limit.latency(900, 'READDIRPLUS')
      await heard.clock.advance(10)
    }
    expect(heard.limit.state).toMatchObject({ p50Ms: 3, p99Ms: 3, floorMs: 3 })
  })

  test.for([{ min: 0 }, { min: 1.5 }, { easy: 0 }, { max: 0 }, { max: Number.NaN }])('refuses %j', (options) => {
    expect(() => adaptiveLimit(options)).toThrow(/(min|easy|max) is .*, expected a whole number of at least 1/)
  })

  test('takes a max below the default min for both', () => {
    expect(adaptiveLimit({ max: 2, clock: fakeClock({ promisesAlone: true }) }).state.limit).toBe(2)
  })
})

test('says how figures are spread', () => {
  const samples = new Samples()
  expect(samples.any).toBe(false)
  for (let value = 100; value >= 1; value--) samples.add(value)
  expect(samples.quantiles(0, 0.5, 0.99, 1)).toEqual([1, 50, 99, 100])
})

test('knows the latest 1024 alone, and nothing after it is cleared', () => {
  const samples = new Samples()
  samples.add(1e9)
  for (let at = 0; at < 1024; at++) samples.add(at)
  expect(samples.quantiles(0, 1)).toEqual([0, 1023])
  samples.clear()
  expect([samples.any, ...samples.quantiles(0.5)]).toEqual([false, Number.NaN])
  samples.add(7)
  expect(samples.quantiles(0.5, 0.99)).toEqual([7, 7])
})
