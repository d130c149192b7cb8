import { existsSync, mkdirSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { Logger } from '@cachewarmer/queue'
import {
  type AccessConfig,
  accessArguments,
  addOptions,
  checkSettings,
  exitCode,
  onShutdown,
  openLogger,
  openQueues,
  readOptions,
  steadyClock,
  systemAddresses,
  systemClock,
  systemRandom,
  UnavailableError,
  UsageError,
} from '@cachewarmer/service/cli'
import type { Ledger, MachinePrice } from '@cachewarmer/service/manager'
import {
  checkFleet,
  type Fleet,
  isLedgerError,
  ledgerFile,
  localFleet,
  mayHoldSecret,
  noFleet,
  openAzureFleet,
  openLedger,
  runManager,
  type StatusConfig,
  StatusStore,
  serveStatus,
  statusOptions,
  statusPlace,
  steeringBy,
  workerEnvironment,
} from '@cachewarmer/service/manager'
import { Command } from '@commander-js/extra-typings'
import { addFleetOptions, type FleetSettings, readFleetSettings } from './fleet-options.ts'
import { workerCommand } from './worker-command.ts'

export interface ServeSettings extends FleetSettings {
  readonly status: StatusConfig
  /** Look at the settings, start nothing. */
  readonly check: boolean
}

export const serveCommand = (): Command =>
  addOptions(
    addFleetOptions(
      new Command('serve').description('Takes jobs from the queue and runs each to its end; the default command.'),
    )
      .option('--check', 'look at settings and environment, print what is wrong, and start nothing', false)
      .optionsGroup('Status page and metrics:'),
    statusOptions,
  )

export const readServeSettings = async (given: Readonly<Record<string, unknown>>): Promise<ServeSettings> => ({
  ...(await readFleetSettings(given, 'local')),
  status: readOptions<StatusConfig>(given, statusOptions),
  check: given['check'] === true,
})

/** The service: runs until a signal stops it. */
export async function serve(settings: ServeSettings): Promise<number> {
  if (settings.check) return check(settings)
  const logger = openLogger({ level: settings.debug ? 'debug' : 'info', name: 'cachewarmer-manager' })
  const { job } = settings
  const shutdown = onShutdown({ drainMs: 30_000 })
  const place = statusPlace(settings.status, process.env)
  const queues = await openQueues(settings.queue, process.env, systemClock)
  const ledger = openLedgerFile(settings, queues.prefix, logger)
  try {
    const fleet = await openFleet(settings, logger, shutdown.abortWork)
    const name = `${hostname()}-${process.pid}`
    const { service, prefix } = queues
    const store = new StatusStore(
      { clock: steadyClock, fleet, ledger },
      { name, prefix, steering: place?.token !== undefined },
    )
    await using _ = await serveStatus(store, place, { logger, steering: steeringBy(service, prefix) })
    await runManager(
      {
        service,
        clock: steadyClock,
        wallMs: () => systemClock.now(),
        random: systemRandom,
        logger,
        ledger,
        fleet,
        observer: store,
        resolveName: readsFolders(settings.access) ? undefined : systemAddresses,
      },
      {
        prefix,
        name,
        leaseMs: job.leaseMs,
        maxWorkers: settings.workers,
        idleMs: job.idleMs,
        // A process that waits costs nothing.
        ...(settings.fleet === 'vmss' ? { tailMs: 30_000 } : {}),
        stalledAfterMs: job.stalledAfterMs,
        retainMs: job.keepDays * 86_400_000,
        machinePrice: machinePrice(settings),
      },
      { stop: shutdown.stopTaking },
    )
    return exitCode.ok
  } catch (error) {
    throw explainLedger(error) ?? error
  } finally {
    ledger.close()
    await queues.close()
  }
}

/** A template names folders by what the job says: a name there is no host's. */
const readsFolders = ({ access, folder }: AccessConfig): boolean =>
  access === 'folder' || (access === undefined && folder !== undefined)

/** `--check`, for install scripts: nothing is contacted, and no file is made. */
async function check(settings: ServeSettings): Promise<number> {
  await checkSettings(settings.queue, process.env, systemClock)
  statusPlace(settings.status, process.env)
  if (settings.fleet === 'vmss') await checkFleet(settings, process.env)
  return exitCode.ok
}

/** The price that is given, else the highest that is paid. */
function machinePrice({ fleet, azure }: ServeSettings): MachinePrice | undefined {
  const dollarsAnHour = azure.vmssPricePerHour ?? azure.vmssMaxPrice
  return fleet !== 'vmss' || dollarsAnHour === undefined || dollarsAnHour < 0 ? undefined : { dollarsAnHour }
}

async function openFleet(settings: ServeSettings, logger: Logger, hurry: AbortSignal): Promise<Fleet> {
  if (settings.fleet === 'none') return noFleet
  if (settings.fleet === 'vmss')
    return openAzureFleet(settings, { clock: steadyClock, logger, environment: process.env, hurry })
  return localFleet({
    command: workerCommand(process.execPath, workerArguments(settings)),
    environment: workerEnvironment(settings.queue, process.env),
    clock: steadyClock,
    logger,
  })
}

/** Opens the ledger, and logs where it is. */
function openLedgerFile({ ledger: named, queue }: ServeSettings, prefix: string, logger: Logger): Ledger {
  const file = ledgerFile({ ledger: named, queue: queue.queue }, prefix, process.env, homedir())
  const earlier = resolve(`${prefix}.ledger.db`)
  if (named === undefined && !existsSync(file) && existsSync(earlier))
    logger.warn('the ledger in the current folder is not used: name it with --ledger, or move it', { earlier, file })
  try {
    // A folder that was named has to exist: what is missing may be a disk.
    if (named === undefined) mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const ledger = openLedger(file)
    logger.info('ledger', { file })
    return ledger
  } catch (error) {
    throw (
      explainLedger(error) ?? new UsageError(`ledger ${file}: ${(error as Error).message}; name another with --ledger`)
    )
  }
}

/** A full disk, a file of another version and one that was removed are no bugs: no stack trace. */
function explainLedger(error: unknown): Error | undefined {
  if (!isLedgerError(error)) return undefined
  return error.code === 'INVALID' ? new UsageError(error.message) : new UnavailableError(error.message)
}

/** Workers find the queue as this process did. */
export function workerArguments({ queue, job, access, debug }: FleetSettings): string[] {
  const given: [string, string | number | undefined][] = [
    ['--queue', queue.queue !== undefined && mayHoldSecret(queue.queue) ? undefined : queue.queue],
    ['--queue-name-prefix', queue.queueNamePrefix],
    ['--storage-account-name', queue.storageAccountName],
    ['--storage-suffix', queue.storageSuffix],
    ['--storage-key-file', queue.storageKeyFile],
    ['--lease-ms', job.leaseMs],
  ]
  const args = given.flatMap(([option, value]) => (value === undefined ? [] : [option, String(value)]))
  return [...args, ...accessArguments(access), ...(debug ? ['--debug'] : [])]
}
