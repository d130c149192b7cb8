import { type Clock, isQueueError, type Logger, sleep } from '@cachewarmer/queue'
import { isLedgerError } from '../ledger/ledger.ts'

const firstPauseMs = 500
const longestPauseMs = 5_000

/** What may be better in a moment, with nothing changed here: a queue service that is away, a disk that is full. */
export function mayPass(error: unknown): boolean {
  if (isQueueError(error)) return error.code === 'UNAVAILABLE' || error.code === 'THROTTLED'
  return isLedgerError(error) && error.code !== 'INVALID' && error.code !== 'LOST'
}

/** The file of the queues, or of the ledger, is not the one that was opened: what this manager does from now on is not kept. */
export const isFileLost = (error: unknown): boolean =>
  (isQueueError(error) && error.code === 'FILE_LOST') || (isLedgerError(error) && error.code === 'LOST')

/**
 * Does something until it succeeds, however long what stands in its way lasts: an outage is no reason to give up a run.
 * `onWait` is called before each pause. Throws what will not pass, and the signal's reason.
 */
export async function patiently<T>(
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  signal: AbortSignal | undefined,
  action: () => T | Promise<T>,
  onWait?: (error: Error) => void,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await action()
    } catch (error) {
      if (!mayPass(error) || !(error instanceof Error)) throw error
      signal?.throwIfAborted()
      // Once, and then now and then, so that a night's outage does not fill the log.
      if (Math.log2(tries) % 1 === 0) logger.error('waiting for what is out of reach', { error: error.message, tries })
      onWait?.(error)
    }
    await sleep(clock, Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1)), signal)
  }
}
