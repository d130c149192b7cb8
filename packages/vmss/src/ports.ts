/** Time as the loops see it, so that a simulation can drive them. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Rejects with `signal.reason` when aborted, also when it was aborted before. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

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

/** The platform's `fetch`, or one that goes through a proxy, trusts another authority, or counts. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>
