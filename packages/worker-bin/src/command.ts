import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { promisify } from 'node:util'
import type { Logger } from '@cachewarmer/queue'
import {
  type AccessConfig,
  accessOptions,
  addOptions,
  checkSettings,
  defaultFolderTemplate,
  exitCode,
  isFileQueue,
  type LogLevel,
  legacyQueueFlags,
  type OpenedQueues,
  onShutdown,
  openLogger,
  openQueues,
  openResolver,
  type QueueSettings,
  queueOptions,
  type Shutdown,
  steadyClock,
  systemClock,
  systemRandom,
  translateLegacyFlags,
  wholeFrom,
} from '@cachewarmer/service/cli'
import type { Machine } from '@cachewarmer/service/worker'
import { openAccess, runWorker, workerName } from '@cachewarmer/service/worker'
import { Command, Option } from '@commander-js/extra-typings'

/** What a worker reads besides its queues and how it opens exports. */
const workerOptions = {
  slots: new Option('--slots <n>', 'items held at once').argParser(wholeFrom(1)).default(4),
  leaseMs: new Option('--lease-ms <ms>', 'item lease; a worker silent for longer loses the item')
    .argParser(wholeFrom(1))
    .default(60_000)
    .env('CACHEWARMER_LEASE_MS'),
  drainMs: new Option('--drain-ms <ms>', 'maximum time for a stop; then work in progress is dropped')
    .argParser(wholeFrom(1))
    .default(25_000),
  name: new Option('--name <name>', 'name of this worker in logs and results'),
  original: new Option('--no-original', "leave the queue of the original's manager alone"),
  exitWithParent: new Option(
    '--exit-with-parent',
    'stop when standard input ends, as it does when the program that started this one dies',
  ).default(false),
  azureMachine: new Option(
    '--azure-machine',
    'on a machine of Azure: hand back when it is taken away, delete it when no manager wants it',
  )
    .default(false)
    .env('CACHEWARMER_AZURE_MACHINE'),
  abandonedAfterMs: new Option(
    '--abandoned-after-ms <ms>',
    'time without work and without a manager, after which the machine deletes itself',
  )
    .argParser(wholeFrom(1))
    .default(30 * 60_000)
    .env('CACHEWARMER_ABANDONED_AFTER_MS'),
  metadataUrl: new Option('--metadata-url <url>', 'where the instance metadata service is')
    .env('CACHEWARMER_METADATA_URL')
    .hideHelp(),
  check: new Option('--check', 'look at settings and environment, print what is wrong, and start nothing').default(
    false,
  ),
  debug: new Option('--debug', 'log every item').default(false),
  quiet: new Option('--quiet', 'log errors alone').default(false),
}

interface OwnSettings {
  readonly slots: number
  readonly leaseMs: number
  readonly drainMs: number
  readonly name?: string | undefined
  readonly original: boolean
  readonly exitWithParent: boolean
  readonly azureMachine: boolean
  readonly abandonedAfterMs: number
  readonly metadataUrl?: string | undefined
  readonly check: boolean
  readonly debug: boolean
  readonly quiet: boolean
}

function command(version: string): Command {
  const program = new Command('cachewarmer-worker')
    .version(version)
    .showHelpAfterError("Try 'cachewarmer-worker --help' for every option.")
    .description(
      'Takes items from the queues of a prefix, walks the trees that they name and reads every file through each address.\n' +
        'Stops on SIGTERM: it finishes the reads in flight and hands back the rest.',
    )
  for (const group of [queueOptions, accessOptions, workerOptions]) addOptions(program, group)
  return program.addHelpText(
    'after',
    `
Secrets come from the environment or a file, never from the command line: STORAGE_KEY, AZURE_STORAGE_CONNECTION_STRING,
CACHEWARMER_STORAGE_SAS or --storage-key-file; without any of them a token is asked for (managed identity, environment, CLI).

Examples
  cachewarmer-worker --queue sqlite:/var/lib/cachewarmer/queue.db --queue-name-prefix studio
  cachewarmer-worker --storage-account-name studiocache --queue-name-prefix studio --access direct`,
  )
}

type WorkerConfig = QueueSettings & AccessConfig & OwnSettings & { readonly logLevel: LogLevel }

/** Reads a command line, the original's spelling included. Ends the process for --help, --version and usage errors. */
export function parseWorkerConfig(argv: readonly string[], version: string): WorkerConfig {
  const parsed = command(version).exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 2)
  })
  parsed.parse(translateLegacyFlags(argv, legacyQueueFlags), { from: 'user' })
  const options = parsed.opts() as QueueSettings & AccessConfig & OwnSettings
  return { ...options, logLevel: options.debug ? 'debug' : options.quiet ? 'error' : 'info' }
}

/** Runs a worker as its command line says, until it is stopped. Returns the exit code. */
export async function workerCommand(argv: readonly string[], version: string): Promise<number> {
  const config = parseWorkerConfig(argv, version)
  if (config.check) {
    await checkSettings(config, process.env, systemClock)
    return exitCode.ok
  }
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
    kernel: {
      ...ports,
      resolve,
      versions: config.nfsVersions,
      logger,
      parent: process.env['RUNTIME_DIRECTORY']?.split(':')[0] || tmpdir(),
    },
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
}

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
