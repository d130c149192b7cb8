import { existsSync, mkdirSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { Logger } from '@cachewarmer/queue'
import {
  accessArguments,
  exitCode,
  onShutdown,
  openLogger,
  openQueues,
  steadyClock,
  systemClock,
  systemRandom,
  UnavailableError,
  UsageError,
} from '@cachewarmer/service/cli'
import type { Ledger, MachinePrice } from '@cachewarmer/service/manager'
import {
  Board,
  type Fleet,
  isLedgerError,
  ledgerFile,
  localFleet,
  mayHoldSecret,
  noFleet,
  openAzureFleet,
  openLedger,
  runManager,
  serveStatus,
  statusPlace,
  steeringBy,
  workerEnvironment,
} from '@cachewarmer/service/manager'
import type { ServeConfig } from './config.ts'
import { workerCommand } from './worker-command.ts'

/** The service: runs until a signal stops it. */
export async function serve(config: ServeConfig): Promise<number> {
  const logger = openLogger({ level: config.debug ? 'debug' : 'info', name: 'cachewarmer-manager' })
  const shutdown = onShutdown({ drainMs: 30_000 })
  const place = statusPlace(config, process.env)
  const queues = await openQueues(config, process.env, systemClock)
  const ledger = openLedgerFile(config, queues.prefix, logger)
  try {
    const fleet = await openFleet(config, logger, shutdown.abortWork)
    const name = `${hostname()}-${process.pid}`
    const { service, prefix } = queues
    const board = new Board(
      { clock: steadyClock, fleet, ledger },
      { name, prefix, steering: place?.token !== undefined },
    )
    await using _ = await serveStatus(board, place, { logger, steering: steeringBy(service, prefix) })
    await runManager(
      {
        service,
        clock: steadyClock,
        wallMs: () => systemClock.now(),
        random: systemRandom,
        logger,
        ledger,
        fleet,
        observer: board,
      },
      {
        prefix,
        name,
        leaseMs: config.leaseMs,
        maxWorkers: config.workers,
        idleMs: config.idleMs,
        // A process that waits costs nothing.
        ...(config.fleet === 'vmss' ? { tailMs: 30_000 } : {}),
        stalledAfterMs: config.stalledAfterMs,
        retainMs: config.keepDays * 86_400_000,
        machinePrice: machinePrice(config),
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

/** The price that is told, else the highest that is paid. */
function machinePrice({ fleet, vmssPricePerHour, vmssMaxPrice }: ServeConfig): MachinePrice | undefined {
  const dollarsAnHour = vmssPricePerHour ?? vmssMaxPrice
  return fleet !== 'vmss' || dollarsAnHour === undefined || dollarsAnHour < 0 ? undefined : { dollarsAnHour }
}

async function openFleet(config: ServeConfig, logger: Logger, hurry: AbortSignal): Promise<Fleet> {
  if (config.fleet === 'none') return noFleet
  if (config.fleet === 'vmss')
    return openAzureFleet(config, { clock: steadyClock, logger, environment: process.env, hurry })
  return localFleet({
    command: workerCommand(process.execPath, workerArguments(config)),
    environment: workerEnvironment(config, process.env),
    clock: steadyClock,
    logger,
  })
}

/** Opens the ledger, and says where it is. */
function openLedgerFile(config: ServeConfig, prefix: string, logger: Logger): Ledger {
  const file = ledgerFile(config, prefix, process.env, homedir())
  const earlier = resolve(`${prefix}.ledger.db`)
  if (config.ledger === undefined && !existsSync(file) && existsSync(earlier))
    logger.warn('the ledger in the current folder is not used: name it with --ledger, or move it', { earlier, file })
  try {
    // A folder that was named has to be there: what is missing may be a disk.
    if (config.ledger === undefined) mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const ledger = openLedger(file)
    logger.info('ledger', { file })
    return ledger
  } catch (error) {
    throw (
      explainLedger(error) ?? new UsageError(`ledger ${file}: ${(error as Error).message}; name another with --ledger`)
    )
  }
}

/** A full disk, a file of another version and one that was removed are nobody's bug: no stack trace. */
function explainLedger(error: unknown): Error | undefined {
  if (!isLedgerError(error)) return undefined
  return error.code === 'INVALID' ? new UsageError(error.message) : new UnavailableError(error.message)
}

/** Workers find the queue as this process did. */
export function workerArguments(config: ServeConfig): string[] {
  const given: [string, string | number | undefined][] = [
    ['--queue', config.queue !== undefined && mayHoldSecret(config.queue) ? undefined : config.queue],
    ['--queue-name-prefix', config.queueNamePrefix],
    ['--storage-account-name', config.storageAccountName],
    ['--storage-suffix', config.storageSuffix],
    ['--storage-key-file', config.storageKeyFile],
    ['--lease-ms', config.leaseMs],
  ]
  const args = given.flatMap(([option, value]) => (value === undefined ? [] : [option, String(value)]))
  return [...args, ...accessArguments(config), ...(config.debug ? ['--debug'] : [])]
}
