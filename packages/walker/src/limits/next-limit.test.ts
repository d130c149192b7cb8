import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { initialLimit, type LimitSearch, type LimitWindow, nextLimit } from './next-limit.ts'

const bounds = { min: 4, easy: 4, max: 1000 }
const window = (rate: number, latencyMs = 10, more: Partial<LimitWindow> = {}): LimitWindow => ({
  rate,
  latencyMs,
  // A queue as long as that is worth shortening, and not too long yet.
  floorMs: latencyMs / 1.5,
  full: true,
  troubled: false,
  ...more,
})

/** The limits that a row of windows leads through. */
function limits(windows: readonly LimitWindow[], from: LimitSearch): number[] {
  let state = from
  return windows.map((next) => {
    state = nextLimit(state, next, bounds)
    return state.limit
  })
}

const holding = (more: Partial<LimitSearch> = {}): LimitSearch => ({
  limit: 100,
  phase: 'hold',
  base: { limit: 100, rate: 10, latencyMs: 10 },
  rest: 0,
  next: 'up',
  starts: 1,
  doubt: false,
  ...more,
})

describe('the next limit', () => {
  test('doubles while throughput grows, then goes one step back', () => {
    expect(
      limits(
        [1, 2, 3, 3.3, 3.3].map((rate) => window(rate)),
        initialLimit(4),
      ),
    ).toEqual([8, 16, 32, 32, 16])
  })

  test('keeps doubling after one window that gained nothing, as something else may have caused it', () => {
    expect(
      limits(
        [1, 2, 2, 4, 4, 8].map((rate) => window(rate)),
        initialLimit(4),
      ),
    ).toEqual([8, 16, 16, 32, 32, 64])
  })

  test('doubles to the bound and no further', () => {
    expect(
      limits(
        [1, 2, 4, 8, 16].map((rate) => window(rate)),
        initialLimit(100),
      ),
    ).toEqual([200, 400, 800, 1000, 1000])
  })

  test('stays where it is while something else holds the work back', () => {
    const state = initialLimit(4)
    expect(nextLimit(state, window(1, 10, { full: false }), bounds)).toBe(state)
  })

  test('halves when the server is in trouble, in any phase, and not below its bound', () => {
    const trouble = window(0, 0, { full: false, troubled: true })
    for (const phase of ['start', 'hold', 'up', 'down'] as const)
      expect(limits([trouble, trouble], holding({ phase }))).toEqual([50, 25])
    expect(limits([trouble, trouble], initialLimit(5))).toEqual([4, 4])
  })

  test('is measured anew after trouble, and then tries more', () => {
    const troubled = nextLimit(holding(), window(0, 0, { troubled: true }), bounds)
    expect(limits([window(5), window(5), window(5)], troubled)).toEqual([50, 50, 63])
  })

  test('goes up by a quarter as long as that gains four in a hundred', () => {
    const idle = { floorMs: 8 }
    const windows = [window(10, 10, idle), window(10.5, 10, idle), window(11, 10, idle), window(11.1, 10, idle)]
    expect(limits(windows, holding())).toEqual([125, 157, 197, 157])
  })

  test('rises from a queue that is too long already only for a gain of ten in a hundred', () => {
    expect(limits([window(10), window(10.5)], holding())).toEqual([125, 100])
    expect(limits([window(10), window(11.1), window(12.3), window(13)], holding())).toEqual([125, 157, 197, 157])
  })

  test('goes down by a fifth as long as that costs no more than two in a hundred', () => {
    const windows = [window(10), window(9.9), window(9.8), window(9)]
    expect(limits(windows, holding({ next: 'down' }))).toEqual([80, 64, 51, 64])
  })

  test('tries one direction and the other by turns, with rests between', () => {
    const trace = limits(
      Array.from({ length: 26 }, () => window(10)),
      holding({ rest: 2 }),
    )
    expect(trace.slice(0, 5)).toEqual([100, 100, 125, 100, 100])
    // A queue that is too long makes for short rests.
    expect(trace.indexOf(80)).toBe(6)
    const patient = Array.from({ length: 26 }, () => window(10, 13, { floorMs: 10 }))
    const base = { limit: 100, rate: 10, latencyMs: 13 }
    expect(
      limits(patient, holding({ rest: 2, base }))
        .slice(0, 12)
        .filter((limit) => limit !== 100),
    ).toEqual([125, 125])
  })

  test('turns round at its bounds', () => {
    expect(nextLimit(holding({ limit: 1000 }), window(10), bounds)).toMatchObject({ phase: 'hold', next: 'down' })
    const least = holding({ limit: 4, next: 'down' })
    expect(nextLimit(least, window(10), bounds)).toMatchObject({ phase: 'hold', limit: 4, next: 'up' })
  })

  test('falls by three in ten when latency doubles twice in a row without more throughput', () => {
    const rested = holding({ rest: 5 })
    expect(limits([window(10, 20), window(10, 21), window(10, 21)], rested)).toEqual([100, 100, 70])
    expect(limits([window(10, 21), window(10, 10), window(10, 21)], rested)).toEqual([100, 100, 100])
    expect(limits([window(11, 21), window(12, 21)], rested)).toEqual([100, 100])
  })

  test('compares latency with the lowest at the same limit', () => {
    const rested = holding({ rest: 5 })
    const windows = [window(10, 18), window(10, 6), window(10, 13), window(10, 13)]
    expect(limits(windows, rested)).toEqual([100, 100, 100, 70])
  })

  test('starts no further where answers wait twice as long as they could, though throughput grows', () => {
    const windows = [window(1, 10, { floorMs: 10 }), window(2, 15, { floorMs: 10 }), window(3, 25, { floorMs: 10 })]
    expect(limits([...windows, window(3, 25, { floorMs: 10 })], initialLimit(64))).toEqual([128, 256, 256, 128])
  })

  test('starts again where nothing waits in a queue', () => {
    const idle = [10, 10, 10].map((rate) => window(rate, 10, { floorMs: 9 }))
    expect(limits(idle, holding({ rest: 6 }))).toEqual([100, 100, 200])
    expect(limits([window(20, 10, { floorMs: 9 })], holding({ phase: 'start', limit: 200 }))).toEqual([400])
    expect(limits(idle, holding({ rest: 6, starts: 0 }))).toEqual([100, 100, 125])
  })

  test('goes down only where there is a queue that could be shorter', () => {
    expect(limits([window(10, 13, { floorMs: 10 })], holding({ next: 'down' }))).toEqual([125])
    expect(limits([window(10, 15, { floorMs: 10 })], holding({ next: 'down' }))).toEqual([80])
  })

  test('looks for fewer down to the easy bound, below which only trouble and latency take it', () => {
    const easy = { ...bounds, easy: 64 }
    expect(nextLimit(holding({ limit: 70, next: 'down' }), window(10), easy)).toMatchObject({ limit: 64 })
    const least = holding({ limit: 64, base: { limit: 64, rate: 10, latencyMs: 10 }, next: 'down' })
    expect(nextLimit(least, window(10), easy)).toMatchObject({ phase: 'hold', limit: 64, next: 'up' })
    expect(nextLimit(least, window(0, 0, { troubled: true }), easy)).toMatchObject({ limit: 32 })
    const troubled = holding({ limit: 32, base: { limit: 32, rate: 10, latencyMs: 10 }, next: 'down' })
    expect(nextLimit(troubled, window(10), easy)).toMatchObject({ phase: 'hold', limit: 32, next: 'up' })
  })

  test('is a whole number within the bounds, after any windows', () => {
    const figure = fc.double({ min: 0, max: 1e6, noNaN: true })
    const anything = fc.record({
      rate: figure,
      latencyMs: figure,
      floorMs: figure,
      full: fc.boolean(),
      troubled: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.array(anything, { maxLength: 60 }),
        fc.integer({ min: 1, max: 50 }),
        fc.nat(500),
        (windows, min, more) => {
          let state = initialLimit(min)
          for (const one of windows) {
            state = nextLimit(state, one, { min, easy: min + Math.floor(more / 4), max: min + more })
            expect(Number.isInteger(state.limit) && state.limit >= min && state.limit <= min + more).toBe(true)
          }
        },
      ),
    )
  })
})
