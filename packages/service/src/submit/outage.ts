import { type Clock, isQueueError } from '@cachewarmer/queue'

/** A queue service that stays away for longer is not waited for. */
const longestOutageMs = 600_000

/**
 * Makes calls that outlive an outage of the queue service: undefined while it is away. A service that was never
 * reached, neither here nor before (`reached`), and every other error throws at once.
 */
export function outlivingOutages(
  clock: Clock,
  { reached = false }: { readonly reached?: boolean } = {},
): <T>(call: () => Promise<T>) => Promise<T | undefined> {
  let workedAtMs = reached ? clock.now() : Number.NEGATIVE_INFINITY
  return async (call) => {
    try {
      const result = await call()
      workedAtMs = clock.now()
      return result
    } catch (error) {
      if (isOutage(error) && clock.now() - workedAtMs < longestOutageMs) return undefined
      throw error
    }
  }
}

const isOutage = (error: unknown): boolean =>
  isQueueError(error) && (error.code === 'UNAVAILABLE' || error.code === 'THROTTLED')
