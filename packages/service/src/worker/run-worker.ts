import { makeId } from '@cachewarmer/core'
import { consume, textCodec } from '@cachewarmer/queue'
import { MountPool } from './access/mount-pool.ts'
import { Heartbeats } from './item/heartbeats.ts'
import { type HandlerContext, handleItem } from './item/item-handler.ts'
import { handleOriginalWork, isOriginalWork } from './item/original-handler.ts'
import { resolveWorkerOptions, type WorkerOptions, type WorkerPorts } from './ports.ts'
import { ReadLimits, RunCeilings } from './runs/limits.ts'
import { RunDirectory } from './runs/run-directory.ts'
import { RunShares, WorkSource } from './runs/work-source.ts'

export interface WorkerSignals {
  /** Take nothing new, hand back what is not begun, end. */
  readonly stopTaking: AbortSignal
  /** End at once: leases are given back, nothing is reported. */
  readonly abortWork: AbortSignal
}

export interface WorkerSummary {
  readonly completed: number
  readonly givenBack: number
  readonly lost: number
  readonly failed: number
}

/**
 * Takes items of all runs of a prefix until told to stop. Up to `slots` items are worked on at the same time; they share
 * the mounts and one limit of reads in flight each. Throws only what ends all work: a queue service that is closed.
 */
export async function runWorker(
  ports: WorkerPorts,
  options: WorkerOptions,
  signals: WorkerSignals,
): Promise<WorkerSummary> {
  const settings = resolveWorkerOptions(options, () => `worker-${makeId(ports.random, 6)}`)
  const logger = ports.logger.child({ worker: settings.name })
  const directory = new RunDirectory(ports, settings)
  const pool = new MountPool(ports, { idleMs: settings.mountIdleMs, isOver: (run) => directory.isOver(run) })
  const limits = new ReadLimits(settings.concurrency)
  const ceilings = new RunCeilings(ports.clock)
  const heartbeats = new Heartbeats(ports, settings, ceilings)
  const shares = new RunShares(settings.slots, ports.random)
  const { stopTaking } = signals
  const context: HandlerContext = { ports, settings, directory, pool, limits, ceilings, heartbeats, shares, stopTaking }
  logger.info('worker started', { prefix: settings.prefix.text, slots: settings.slots })
  const closing = pool.closeIdle()
  const source = new WorkSource(ports, settings, { directory, shares }, stopTaking)
  try {
    const { completed, givenBack, lost, failed } = await consume(
      source,
      async (message, held) => {
        try {
          return await (isOriginalWork(message.body)
            ? handleOriginalWork(message, context, held)
            : handleItem(message, context, { ...held, slot: source.slotOf(message.id) }))
        } finally {
          source.end(message.id)
        }
      },
      {
        codec: textCodec,
        leaseMs: settings.leaseMs,
        // As many again for runs with ceilings, see RunShares.
        concurrency: 2 * settings.slots,
        clock: ports.clock,
        random: ports.random,
        polling: ports.service.polling,
        stopTaking: signals.stopTaking,
        abortWork: signals.abortWork,
        logger,
      },
    )
    return { completed, givenBack, lost, failed }
  } finally {
    await pool.close()
    await closing
    logger.info('worker stopped')
  }
}
