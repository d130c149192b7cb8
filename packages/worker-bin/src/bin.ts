#!/usr/bin/env -S node --max-semi-space-size=16 --no-parallel-scavenge --heap-growing-percent=70
import './thread-pool.ts'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { promisify } from 'node:util'
import type { Logger } from '@cachewarmer/queue'
import {
  defaultFolderTemplate,
  exitCode,
  isFileQueue,
  type OpenedQueues,
  onShutdown,
  openLogger,
  openQueues,
  openResolver,
  runMain,
  type Shutdown,
  steadyClock,
  systemClock,
  systemRandom,
} from '@cachewarmer/service/cli'
import type { Machine } from '@cachewarmer/service/worker'
import { openAccess, runWorker, workerName } from '@cachewarmer/service/worker'
import { parseWorkerConfig, type WorkerConfig } from './config.ts'
import { version } from './version.ts'

void runMain('cachewarmer-worker', async () => {
  const config = parseWorkerConfig(process.argv.slice(2), version)
  const logger = openLogger({ level: config.logLevel, name: 'cachewarmer-worker' })
  const shutdown = onShutdown({ drainMs: config.drainMs })
  if (config.exitWithParent) process.stdin.resume().once('end', () => shutdown.stop('the end of the parent'))
  const policy = config.access ?? (config.folder === undefined ? 'auto' : 'folder')
  const speaksNfs = policy === 'auto' || policy === 'direct'
  const concurrency = config.concurrency ?? (speaksNfs ? 4_096 : 64)
  const resolve = openResolver({ loopback: isFileQueue(config.queue), allowed: config.allowAddress })
  const ports = { nfsPort: config.nfsPort, mountPort: config.mountPort }
  const openMount = openAccess({
    policy,
    folder: { template: config.folder ?? defaultFolderTemplate, followLinks: config.folderLinks },
    direct: {
      ...ports,
      resolve,
      uid: config.nfsUid,
      gid: config.nfsGid,
      connections: config.nfsConnections,
      timeoutMs: config.nfsTimeoutMs,
      maxInFlight: concurrency,
      clock: steadyClock,
    },
    kernel: { ...ports, resolve, parent: process.env['RUNTIME_DIRECTORY']?.split(':')[0] || tmpdir() },
  })
  const queues = await openQueues(config, process.env, systemClock)
  const machine = config.azureMachine ? await openMachine(config, queues, logger, shutdown) : undefined
  try {
    const summary = await runWorker(
      {
        service: machine?.service ?? queues.service,
        clock: steadyClock,
        random: systemRandom,
        logger,
        openMount,
      },
      {
        prefix: queues.prefix,
        name: config.name ?? workerName(hostname(), process.pid),
        slots: config.slots,
        ...(config.mountIdleMs === undefined ? {} : { mountIdleMs: config.mountIdleMs }),
        leaseMs: config.leaseMs,
        concurrency,
        serveOriginal: config.original,
      },
      shutdown,
    )
    logger.info('done', { ...summary })
    return exitCode.ok
  } finally {
    await machine?.finish()
    await queues.close()
    process.stdin.destroy()
  }
})

/** Loaded only where it is asked for: other workers know nothing of Azure's machines. */
async function openMachine(
  config: WorkerConfig,
  queues: OpenedQueues,
  logger: Logger,
  shutdown: Shutdown,
): Promise<Machine> {
  const { Machine } = await import('@cachewarmer/service/worker')
  const { instanceMetadata } = await import('@cachewarmer/vmss')
  const baseUrl = config.metadataUrl ? { baseUrl: config.metadataUrl } : {}
  return new Machine(
    {
      metadata: instanceMetadata({ clock: steadyClock, ...baseUrl }),
      service: queues.service,
      clock: steadyClock,
      logger,
      powerOff: () => powerOff(process.env['CACHEWARMER_POWER_OFF_FILE']),
    },
    {
      prefix: queues.prefix,
      abandonedAfterMs: config.abandonedAfterMs,
      identityId: process.env['CACHEWARMER_IDENTITY_ID'],
      armEndpoint: process.env['CACHEWARMER_ARM_ENDPOINT'],
    },
    shutdown,
  )
}

/** Only root may end a machine: a service that is not root leaves a file, and its unit does the rest when it has ended. */
async function powerOff(request: string | undefined): Promise<void> {
  if (request) await writeFile(request, '')
  else await promisify(execFile)('systemctl', ['poweroff'])
}
