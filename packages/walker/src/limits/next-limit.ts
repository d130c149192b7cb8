/*
 * How many requests are in flight is decided here, from nothing but what came of the limits before. Throughput grows
 * with the limit until the server, the network or this process has enough to do; from there on only waiting grows. The
 * search is for that knee, wherever it lies: behind 0.2 ms it is at a handful of requests, behind 100 ms at thousands.
 * Below `easy` it is not looked for: so few cost the server nothing, and answers that come one by one cost this process
 * more than those that come together.
 */

/**
 * start -> start, twice the limit, while throughput grows with it
 * start -> hold, one step back
 * hold -> start, where latency says that nothing waits in a queue: something else had ended the start
 * hold -> up | down, now and then, to see whether the knee has moved; down only where there is a queue to be shortened
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

export interface LimitSearch {
  readonly limit: number
  readonly phase: LimitPhase
  /** What the next window is compared with; undefined until this limit has been measured. */
  readonly base: LimitYield | undefined
  /** Windows to hold before the next probe, and its direction. */
  readonly rest: number
  readonly next: 'up' | 'down'
  /** Times that holding may turn into a start again before one has got anywhere. */
  readonly starts: number
  /** The window before looked bad. It takes two: one may be the doing of something else altogether. */
  readonly doubt: boolean
}

/** What happened under one limit. */
export interface LimitWindow {
  readonly rate: number
  readonly latencyMs: number
  /** The lowest latency of any window so far: what it takes where nothing waits. */
  readonly floorMs: number
  /** There was always something that waited for its turn, so that the limit made the difference. */
  readonly full: boolean
  /** The server asked for a pause, or did not answer. */
  readonly troubled: boolean
}

export interface LimitBounds {
  /** Only trouble and rising latency take the limit below `easy`, down to `min`. */
  readonly min: number
  readonly easy: number
  readonly max: number
}

const restWindows = 6
/** While nothing waits in a queue, or too much does. */
const quickRest = 2
const startsAgain = 1
/** Throughput has to gain this much for twice the limit, and for a quarter more; where there is a queue already, more. */
const startGain = 1.2
const upGain = 1.04
const queuedGain = 1.1
/** What a fifth less may cost. */
const downLoss = 0.98
const latencyRise = 2
/** Latency in terms of its floor: up to here nothing waits, and from here on there is a queue that could be shorter. */
const noQueue = 1.2
const longQueue = 1.4
/** And from here on a start has gone too far, also where throughput still grows, as it does by itself in a young process. */
const tooLongQueue = 2

export const initialLimit = (limit: number): LimitSearch => ({
  limit,
  phase: 'start',
  base: undefined,
  rest: 0,
  next: 'up',
  starts: startsAgain,
  doubt: false,
})

/** The limit after a window. Pure; the same state when there is nothing to learn from it. */
export function nextLimit(state: LimitSearch, window: LimitWindow, bounds: LimitBounds): LimitSearch {
  const { limit, phase, base } = state
  const to = (wanted: number): number => Math.min(bounds.max, Math.max(bounds.min, wanted))
  const hold = (at: LimitYield, next: 'up' | 'down', rest = restWindows): LimitSearch => {
    return { limit: at.limit, phase: 'hold', base: at, rest, next, starts: state.starts, doubt: false }
  }
  /** A limit that nothing is known of yet. */
  const retreat = (wanted: number): LimitSearch => {
    return { ...initialLimit(to(wanted)), phase: 'hold', rest: 1 }
  }
  const probe = (direction: 'up' | 'down', from: LimitYield): LimitSearch => {
    const fewer = Math.max(Math.floor(from.limit * 0.8), Math.min(bounds.easy, from.limit))
    const wanted = to(direction === 'up' ? Math.ceil(from.limit * 1.25) : fewer)
    if (wanted === from.limit) return hold(from, direction === 'up' ? 'down' : 'up')
    return { ...state, limit: wanted, phase: direction, base: from, rest: 0, next: direction, doubt: false }
  }

  const isQueued = ({ latencyMs }: LimitYield): boolean => latencyMs > window.floorMs * longQueue

  if (window.troubled) return retreat(Math.floor(limit / 2))
  if (!window.full) return state
  const here: LimitYield = { limit, rate: window.rate, latencyMs: window.latencyMs }
  switch (phase) {
    case 'start': {
      if (base && (here.rate < base.rate * startGain || here.latencyMs > window.floorMs * tooLongQueue))
        return state.doubt ? hold(base, 'down', 0) : { ...state, doubt: true }
      const doubled = to(limit * 2)
      if (doubled === limit) return hold(here, 'down')
      return { ...state, limit: doubled, base: here, starts: base ? startsAgain : state.starts, doubt: false }
    }
    case 'hold': {
      if (!base) return { ...state, base: here }
      if (here.latencyMs > base.latencyMs * latencyRise && here.rate < base.rate * upGain)
        return state.doubt ? retreat(Math.floor(limit * 0.7)) : { ...state, doubt: true }
      const latest = { limit, rate: (here.rate + base.rate) / 2, latencyMs: Math.min(here.latencyMs, base.latencyMs) }
      const queue = here.latencyMs / window.floorMs
      const rest = queue < noQueue || queue > longQueue ? Math.min(state.rest, quickRest) : state.rest
      if (rest > 0) return { ...state, base: latest, rest: rest - 1, doubt: false }
      if (queue < noQueue && state.starts > 0 && to(limit * 2) > limit)
        return { ...state, limit: to(limit * 2), phase: 'start', base: latest, starts: state.starts - 1, doubt: false }
      return probe(queue < longQueue ? 'up' : state.next, latest)
    }
    case 'up':
      return base && here.rate < base.rate * (isQueued(base) ? queuedGain : upGain)
        ? hold(base, 'down')
        : probe('up', here)
    case 'down':
      return base && here.rate < base.rate * downLoss ? hold(base, 'up') : probe('down', here)
  }
}
