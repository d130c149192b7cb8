import type { Logger } from '@cachewarmer/queue'
import { destination, type Logger as Pino, pino, stdSerializers } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LoggerOptions {
  level: LogLevel
  /** The program, in every line. */
  name: string
  /** Where lines go. Default: standard error, written before the call returns. */
  stream?: { write(line: string): void } | undefined
}

/** JSON lines on standard error, one event each, so that standard output stays free for results. */
export function openLogger({ level, name, stream }: LoggerOptions): Logger {
  const options = {
    level,
    base: { name, pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: stdSerializers.err },
  }
  return adapt(pino(options, stream ?? destination({ dest: 2, sync: true })))
}

/** Pino takes fields before the message, our port after it. */
function adapt(inner: Pino): Logger {
  return {
    debug: (message, fields) => inner.debug(fields ?? {}, message),
    info: (message, fields) => inner.info(fields ?? {}, message),
    warn: (message, fields) => inner.warn(fields ?? {}, message),
    error: (message, fields) => inner.error(fields ?? {}, message),
    child: (fields) => adapt(inner.child(fields)),
  }
}
