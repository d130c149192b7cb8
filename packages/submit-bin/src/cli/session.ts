import { openLogger, openQueues, type QueueSettings, systemClock } from '@cachewarmer/cli'
import type { Logger, QueueService } from '@cachewarmer/queue'
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
  const logger = openLogger({ level: settings.debug ? 'debug' : 'warn', name: 'cachewarmer-submit' })
  const { service, prefix, close } = await openQueues(settings, terminal.environment, systemClock)
  try {
    return await work({ service, prefix, output: openOutput(terminal, settings), logger, terminal })
  } finally {
    await close()
  }
}
