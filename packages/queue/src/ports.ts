/** Time as the loops see it, so that a simulation can drive them. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Rejects with `signal.reason` when aborted, also when it was aborted before. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/**
 * The clocks of one machine, the same in all its processes. `now()` is the wall clock, which people and NTP set; leases
 * and delays go by `steadyMs()`.
 */
export interface MachineClock extends Clock {
  /** Milliseconds since an arbitrary moment, by a clock that runs from start to shutdown of the machine and is never set. */
  steadyMs(): number
  /** Another one after each start of the machine. Undefined where it can't be read: then the wall clock has to serve. */
  readonly bootId: string | undefined
}

const isMachineClock = (clock: Clock): clock is MachineClock => 'steadyMs' in clock

/** What durations are measured with: the steady clock, where the clock has one that can be used across processes. */
export const steadyOf = (clock: Clock): MachineClock | undefined =>
  isMachineClock(clock) && clock.bootId !== undefined ? clock : undefined

/** Uniform in [0, 1). */
export type Random = () => number

export type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void

/** Four methods and `child`; silent unless given. */
export interface Logger {
  debug: Log
  info: Log
  warn: Log
  error: Log
  child(fields: Readonly<Record<string, unknown>>): Logger
}

/** What code logs to when nobody listens. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}
