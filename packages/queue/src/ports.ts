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

/** The logger of code without a given logger. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}
