import type { Logger, QueueService } from '@cachewarmer/queue'
import { openLogger, openQueues, type QueueSettings } from '@cachewarmer/service/cli'
import { type Output, openOutput, type Terminal } from './terminal.ts'

/** What every command works with. */
export interface Session {
  readonly service: QueueService
  readonly prefix: string
  readonly output: Output
  readonly logger: Logger
  readonly terminal: Terminal
}

export interface GlobalSettings extends QueueSettings {
  readonly json?: true | undefined
  readonly debug?: true | undefined
}

/** Opens the queues, does the work, and closes them again whatever happens. */
export async function withSession(
  terminal: Terminal,
  settings: GlobalSettings,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const level = settings.debug ? 'debug' : 'warn'
  const stream = { write: (line: string): void => void terminal.stderr.write(line) }
  const logger = openLogger({ level, name: 'cachewarmer-submit', stream })
  await using queues = await openQueues(settings, terminal.environment, terminal.clock)
  const { service, prefix } = queues
  return await work({ service, prefix, output: openOutput(terminal, settings), logger, terminal })
}
