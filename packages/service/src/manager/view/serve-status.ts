import { type Logger, steadyClock } from '@cachewarmer/queue'
import { UsageError } from '../../cli/index.ts'
import type { Board } from './board.ts'
import { openMetrics } from './metrics.ts'
import type { StatusPlace } from './options.ts'
import { openStatusServer } from './server.ts'
import type { Steering } from './steering.ts'

/**
 * Serves the status page at its place. Where nobody asked for a place and the usual one is taken, by another manager
 * perhaps, there is none, which the log says. Throws `UsageError` where somebody asked.
 */
export async function serveStatus(
  board: Board,
  place: StatusPlace | undefined,
  { logger, steering }: { logger: Logger; steering: Steering },
): Promise<AsyncDisposable> {
  const nothing: AsyncDisposable = { [Symbol.asyncDispose]: () => Promise.resolve() }
  if (place === undefined) return nothing
  const registry = openMetrics(board)
  const metrics = { contentType: registry.contentType, text: () => registry.metrics() }
  try {
    const server = await openStatusServer(board, { ...place, clock: steadyClock, logger, metrics, steering })
    logger.info('the status page is served', { url: server.url })
    return { [Symbol.asyncDispose]: () => server.close() }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (place.asked) throw new UsageError(`--status-listen: ${reason}`, { cause: error })
    logger.warn('the status page is not served; --status-listen names another place', { reason })
    return nothing
  }
}
