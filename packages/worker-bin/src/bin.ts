#!/usr/bin/env node
import './thread-pool.ts'
import { readFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { exitCode, onShutdown, openLogger, openQueues, runMain, systemClock, systemRandom } from '@cachewarmer/cli'
import { openAccess } from './access/access.ts'
import { defaultFolderTemplate } from './access/options.ts'
import { parseWorkerConfig } from './config.ts'
import { runWorker } from './run-worker.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

await runMain('cachewarmer-worker', async () => {
  const config = parseWorkerConfig(process.argv.slice(2), version)
  const logger = openLogger({ level: config.logLevel, name: 'cachewarmer-worker' })
  const shutdown = onShutdown({ drainMs: config.drainMs })
  if (config.exitWithParent) process.stdin.resume().once('end', () => shutdown.stop('the end of the parent'))
  const policy = config.access ?? (config.folder === undefined ? 'auto' : 'folder')
  const speaksNfs = policy === 'auto' || policy === 'direct'
  const concurrency = config.concurrency ?? (speaksNfs ? 1_024 : 64)
  const ports = { nfsPort: config.nfsPort, mountPort: config.mountPort }
  const openMount = openAccess({
    policy,
    folderTemplate: config.folder ?? defaultFolderTemplate,
    direct: {
      ...ports,
      uid: config.nfsUid,
      gid: config.nfsGid,
      connections: config.nfsConnections,
      maxInFlight: concurrency,
      clock: systemClock,
    },
    kernel: { ...ports, base: join(tmpdir(), `cachewarmer-mounts-${process.pid}`) },
  })
  const queues = await openQueues(config, process.env, systemClock)
  try {
    const summary = await runWorker(
      {
        service: queues.service,
        clock: systemClock,
        random: systemRandom,
        logger,
        openMount,
      },
      {
        prefix: queues.prefix,
        name: config.name ?? `${hostname()}-${process.pid}`,
        slots: config.slots,
        leaseMs: config.leaseMs,
        concurrency,
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
