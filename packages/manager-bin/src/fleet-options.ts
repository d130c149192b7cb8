import {
  type AccessConfig,
  accessOptions,
  addOptions,
  type QueueSettings,
  queueOptions,
  readOptions,
  wholeFrom,
} from '@cachewarmer/service/cli'
import { type AzureConfig, azureOptions, speaksOfMachines } from '@cachewarmer/service/manager'
import { type Command, Option } from '@commander-js/extra-typings'

/** Settings of `serve` and `plan`: each part goes to the code that reads it. */
export interface FleetSettings {
  readonly queue: QueueSettings
  readonly access: AccessConfig
  readonly azure: AzureConfig
  readonly fleet: 'local' | 'vmss' | 'none'
  readonly workers: number
  readonly job: JobSettings
  readonly ledger?: string | undefined
  readonly debug: boolean
}

/** How runs are looked after. */
interface JobSettings {
  /** How long the fleet stays without work. */
  readonly idleMs: number
  /** Lease of jobs, results and items. */
  readonly leaseMs: number
  readonly stalledAfterMs: number
  readonly keepDays: number
}

const jobOptions = {
  idleMs: new Option('--idle-ms <ms>', 'how long workers stay when there is nothing to do')
    .argParser(wholeFrom(0))
    .default(20_000),
  leaseMs: new Option(
    '--lease-ms <ms>',
    'lease of jobs and items; a manager or worker silent for longer loses what it holds',
  )
    .argParser(wholeFrom(1_000))
    .default(60_000),
  stalledAfterMs: new Option(
    '--stalled-after-ms <ms>',
    'end a run as lost when no byte arrived for this long; a pause and its own ceiling do not count',
  )
    .argParser(wholeFrom(1))
    .default(30 * 60_000),
  keepDays: new Option('--keep-days <days>', 'how long ended runs, their reports and their failures can be looked up')
    .argParser(wholeFrom(1, 3_650))
    .default(7)
    .env('CACHEWARMER_KEEP_DAYS'),
}

const fleetOptions = {
  ledger: new Option(
    '--ledger <file>',
    'file of the ledger, on a local filesystem (default: beside a sqlite queue, else in $STATE_DIRECTORY, $XDG_STATE_HOME/cachewarmer or ~/.local/state/cachewarmer)',
  ).env('CACHEWARMER_LEDGER'),
  fleet: new Option(
    '--fleet <kind>',
    'local: worker processes on this machine; vmss: a scale set of Azure; none: workers are started elsewhere (default: local, or vmss where options of its machines are given)',
  ).choices(['local', 'vmss', 'none']),
  workers: new Option('--workers <n>', 'worker processes, or machines, at most (default: 4 processes, 12 machines)')
    .argParser(wholeFrom(1))
    .env('VMSS_WORKER_COUNT'),
}

interface GivenFleet {
  readonly ledger?: string | undefined
  readonly fleet?: FleetSettings['fleet'] | undefined
  readonly workers?: number | undefined
}

/** The options of a fleet: `serve` and `plan` take the same ones, so that a plan shows what serve would do. */
export function addFleetOptions(command: Command): Command {
  for (const group of [queueOptions, fleetOptions, accessOptions, jobOptions]) addOptions(command, group)
  command.option('--debug', 'log every step', false)
  return addOptions(command.optionsGroup('Machines of Azure (--fleet vmss):'), azureOptions)
}

/** `otherwise`: the fleet where neither `--fleet` nor an option of its machines is given. */
export async function readFleetSettings(
  given: Readonly<Record<string, unknown>>,
  otherwise: 'local' | 'vmss',
): Promise<FleetSettings> {
  const azure = readOptions<AzureConfig>(given, azureOptions)
  const cloud = await sovereign(azure)
  const { azureClientId, azureAuthorityHost = cloud?.authorityHost } = azure
  const queue = readOptions<QueueSettings>(given, queueOptions)
  const {
    ledger,
    fleet = speaksOfMachines(azure) ? 'vmss' : otherwise,
    workers,
  } = readOptions<GivenFleet>(given, fleetOptions)
  return {
    queue: { ...queue, storageSuffix: queue.storageSuffix ?? cloud?.storageSuffix, azureClientId, azureAuthorityHost },
    access: readOptions<AccessConfig>(given, accessOptions),
    azure: { ...azure, azureAuthorityHost },
    job: readOptions<JobSettings>(given, jobOptions),
    fleet,
    workers: workers ?? (fleet === 'vmss' ? 12 : 4),
    ledger,
    debug: given['debug'] === true,
  }
}

/** The queues are in the cloud that the machines are in. */
async function sovereign({ azureCloud }: AzureConfig) {
  if (azureCloud === 'AzurePublicCloud') return undefined
  const { clouds } = await import('@cachewarmer/vmss')
  return clouds[azureCloud]
}
