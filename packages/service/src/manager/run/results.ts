import { decodeResult, isCoreError } from '@cachewarmer/core'
import { isQueueError, type Lease, sleep } from '@cachewarmer/queue'
import { keepPoison } from '../../poison.ts'
import type { ResultOrPart } from '../ledger/ledger.ts'
import type { ManagerPorts, ManagerSettings } from '../ports.ts'
import { patiently } from '../upkeep/patience.ts'
import type { RunProgress } from './progress.ts'

/** The longest pause between two looks at the results of a run: the end of a short job should show at once. */
const longestPauseMs = 500

interface Collection {
  readonly run: string
  /** A run that starts over has a new one. */
  readonly progress: () => RunProgress
  readonly afterFold: () => void
}

/**
 * Takes results off the run's queue until the signal ends it. A fold is on disk before its messages are completed, so a
 * crash in between only brings the same results again, which changes nothing. Heartbeats are shown and dropped. A queue
 * service that is away and a ledger that can't be written are waited for.
 */
export async function collectResults(
  ports: ManagerPorts,
  settings: ManagerSettings,
  { run, progress, afterFold }: Collection,
  signal: AbortSignal,
): Promise<void> {
  const { service, clock, ledger } = ports
  const queue = service.queue(settings.prefix.runResults(run))
  // Results that can't be had or kept now say nothing about those who sent them.
  const wait = <T>(action: () => T | Promise<T>): Promise<T> =>
    patiently(ports, signal, action, () => progress().moved(clock.now()))
  let pauseMs = service.polling.minMs
  afterFold()
  while (!signal.aborted) {
    const leases = await wait(() =>
      queue.receive({ max: service.limits.maxReceive, leaseMs: settings.leaseMs, signal }),
    )
    if (leases.length === 0) {
      await sleep(clock, pauseMs, signal)
      pauseMs = Math.min(pauseMs * 1.5, Math.max(longestPauseMs, service.polling.minMs))
      continue
    }
    pauseMs = service.polling.minMs
    const folded: ResultOrPart[] = []
    for (const lease of leases) {
      const message = await decodeOrPoison(ports, settings, run, lease)
      if (message === undefined || message.run !== run) continue
      if (message.kind === 'heartbeat') progress().heartbeat(message, clock.now())
      else folded.push(message)
    }
    if (folded.length > 0) progress().accepted(await wait(() => ledger.fold(run, folded)), clock.now())
    await Promise.all(leases.map(completeQuietly))
    if (folded.length > 0) afterFold()
  }
}

/** A message that can't be removed now comes again, and the ledger knows it. */
async function completeQuietly(lease: Lease): Promise<void> {
  try {
    await lease.complete()
  } catch (error) {
    if (!isQueueError(error)) throw error
  }
}

async function decodeOrPoison(ports: ManagerPorts, settings: ManagerSettings, run: string, lease: Lease) {
  try {
    return decodeResult(lease.body)
  } catch (error) {
    if (!isCoreError(error)) throw error
    ports.logger.warn('a result could not be read', { run, error: error.message })
    await keepPoison(ports, settings, { reason: error.message, body: lease.body })
    return undefined
  }
}
