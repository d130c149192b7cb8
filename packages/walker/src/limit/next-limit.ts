/*
 * How many requests are in flight is decided here, from nothing but what came of the limits before. Throughput grows
 * with the limit until the server, the network or this process has enough to do; from there on only waiting grows. The
 * search is for that knee, wherever it lies: behind 0.2 ms it is at a handful of requests, behind 100 ms at thousands.
 */

/**
 * start -> start, twice the limit, while throughput grows with it
 * start -> hold, one step back
 * hold -> up | down, now and then, to see whether the knee has moved
 * up, down -> the same again while it pays, else back to hold
 * any -> hold at half the limit, when the server is in trouble
 */
type LimitPhase = 'start' | 'hold' | 'up' | 'down'

/** What a limit gave. */
interface LimitYield {
  readonly limit: number
  /** Requests a millisecond; in `hold` the mean of the latest windows, each counting twice as much as the one before. */
  readonly rate: number
  /** The median's milliseconds; in `hold` the lowest so far. */
  readonly latencyMs: number
}

export interface LimitState {
  readonly limit: number
  readonly phase: LimitPhase
  /** What the next window is compared with; undefined until this limit has been measured. */
  readonly base: LimitYield | undefined
  /** Windows to hold before the next probe, and its direction. */
  readonly rest: number
  readonly next: 'up' | 'down'
  /** The window before looked bad. It takes two: one may be the doing of something else altogether. */
  readonly doubt: boolean
}

/** What happened under one limit. */
export interface LimitWindow {
  readonly rate: number
  readonly latencyMs: number
  /** There was always something that waited for its turn, so that the limit made the difference. */
  readonly full: boolean
  /** The server asked for a pause, or did not answer. */
  readonly troubled: boolean
}

export interface LimitBounds {
  readonly min: number
  readonly max: number
}

const restWindows = 6
/** Throughput has to gain this much for twice the limit, and for a quarter more. */
const startGain = 1.2
const upGain = 1.04
/** What a fifth less may cost. */
const downLoss = 0.98
const latencyRise = 2

export const initialLimit = (limit: number): LimitState => ({
  limit,
  phase: 'start',
  base: undefined,
  rest: 0,
  next: 'up',
  doubt: false,
})

/** The limit after a window. Pure; the same state when there is nothing to learn from it. */
export function nextLimit(state: LimitState, window: LimitWindow, bounds: LimitBounds): LimitState {
  const { limit, phase, base } = state
  const to = (wanted: number): number => Math.min(bounds.max, Math.max(bounds.min, wanted))
  const hold = (at: LimitYield, next: 'up' | 'down', rest = restWindows): LimitState => ({
    limit: at.limit,
    phase: 'hold',
    base: at,
    rest,
    next,
    doubt: false,
  })
  /** A limit that nothing is known of yet. */
  const retreat = (wanted: number): LimitState => ({
    limit: to(wanted),
    phase: 'hold',
    base: undefined,
    rest: 1,
    next: 'up',
    doubt: false,
  })
  const probe = (direction: 'up' | 'down', from: LimitYield): LimitState => {
    const wanted = to(direction === 'up' ? Math.ceil(from.limit * 1.25) : Math.floor(from.limit * 0.8))
    if (wanted === from.limit) return hold(from, direction === 'up' ? 'down' : 'up')
    return { limit: wanted, phase: direction, base: from, rest: 0, next: direction, doubt: false }
  }

  if (window.troubled) return retreat(Math.floor(limit / 2))
  if (!window.full) return state
  const here: LimitYield = { limit, rate: window.rate, latencyMs: window.latencyMs }
  switch (phase) {
    case 'start': {
      if (base && here.rate < base.rate * startGain)
        return state.doubt ? hold(base, 'up', 0) : { ...state, doubt: true }
      const doubled = to(limit * 2)
      return doubled === limit ? hold(here, 'down') : { ...state, limit: doubled, base: here, doubt: false }
    }
    case 'hold': {
      if (!base) return { ...state, base: here }
      if (here.latencyMs > base.latencyMs * latencyRise && here.rate < base.rate * upGain)
        return state.doubt ? retreat(Math.floor(limit * 0.7)) : { ...state, doubt: true }
      const latest = { limit, rate: (here.rate + base.rate) / 2, latencyMs: Math.min(here.latencyMs, base.latencyMs) }
      if (state.rest > 0) return { ...state, base: latest, rest: state.rest - 1, doubt: false }
      return probe(state.next, latest)
    }
    case 'up':
      return base && here.rate < base.rate * upGain ? hold(base, 'down') : probe('up', here)
    case 'down':
      return base && here.rate < base.rate * downLoss ? hold(base, 'up') : probe('down', here)
  }
}
