import { fstatSync } from 'node:fs'
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

/**
 * JSON lines on standard error, one event each, so that standard output stays free for results. Where standard error is
 * the journal, each line begins with its priority, which the journal takes off and keeps (sd-daemon(3)).
 */
export function openLogger({ level, name, stream }: LoggerOptions): Logger {
  const options = {
    level,
    base: { name, pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: stdSerializers.err },
  }
  return adapt(pino(options, stream ?? standardError()))
}

function standardError(): { write(line: string): void } {
  const plain = destination({ dest: 2, sync: true })
  return isJournal(process.env['JOURNAL_STREAM']) ? { write: (line) => plain.write(withPriority(line)) } : plain
}

/** systemd names device and inode of the journal's end, as a service may have led its standard error elsewhere. */
export function isJournal(named: string | undefined, fileDescriptor = 2): boolean {
  if (named === undefined) return false
  try {
    const { dev, ino } = fstatSync(fileDescriptor, { bigint: true })
    return named === `${dev}:${ino}`
  } catch {
    // Closed: it has no reader.
    return false
  }
}

const priorities: Readonly<Record<string, number>> = { debug: 7, info: 6, warn: 4, error: 3 }

/** Pino writes the level first. */
export const withPriority = (line: string): string =>
  `<${priorities[/^\{"level":"(\w+)"/.exec(line)?.[1] ?? ''] ?? 6}>${line}`

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
