#!/usr/bin/env node
import './thread-pool.ts'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { exitCode, onShutdown, openLogger, openQueues, runMain, systemClock, systemRandom } from '@cachewarmer/cli'
import { parseWorkerConfig } from './config.ts'
import { folderAccess } from './folder-access.ts'
import { runWorker } from './run-worker.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

await runMain('cachewarmer-worker', async () => {
  const config = parseWorkerConfig(process.argv.slice(2), version)
  const logger = openLogger({ level: config.logLevel, name: 'cachewarmer-worker' })
  const shutdown = onShutdown({ drainMs: config.drainMs })
  if (config.exitWithParent) process.stdin.resume().once('end', () => shutdown.stop('the end of the parent'))
  const queues = await openQueues(config, process.env, systemClock)
  try {
    const summary = await runWorker(
      {
        service: queues.service,
        clock: systemClock,
        random: systemRandom,
        logger,
        openMount: folderAccess({ template: config.folder }),
      },
      {
        prefix: queues.prefix,
        name: config.name ?? `${hostname()}-${process.pid}`,
        slots: config.slots,
        leaseMs: config.leaseMs,
        concurrency: config.concurrency,
        serveOriginal: config.original,
      },
      shutdown,
    )
    logger.info('done', { ...summary })
    return exitCode.ok
  } finally {
    await queues.close()
    process.stdin.destroy()
  }
})
