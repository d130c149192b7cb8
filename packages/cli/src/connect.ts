import type { Clock, QueueService, Random } from '@cachewarmer/queue'
import { openSqliteService } from '@cachewarmer/queue/sqlite'

export interface ConnectOptions {
  clock: Clock
  random: Random
  connectionString?: string | undefined
  accountKey?: string | undefined
  sas?: string | undefined
}

/** The parts of the queue package that open a service by its URL; loaded when they are needed. */
interface Openers {
  openService: (url: string, options: Omit<ConnectOptions, 'random'>) => Promise<QueueService>
  withRetry?: (inner: QueueService, options: { clock: Clock; random: Random }) => QueueService
}

/** Opens what the URL names. Throttling and outages are waited out inside. */
export async function connect(url: string, options: ConnectOptions): Promise<QueueService> {
  const { random, ...access } = options
  const load = async (name: string): Promise<Openers> => (await import(name)) as Openers
  if (url.startsWith('sqlite:')) return openSqliteService({ file: url.slice('sqlite:'.length), clock: options.clock })
  const { openService } = await load('@cachewarmer/queue/open')
  const { withRetry } = await load('@cachewarmer/queue')
  const bare = await openService(url, access)
  return withRetry?.(bare, { clock: options.clock, random }) ?? bare
}
