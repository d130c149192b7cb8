import {
  accessOptions,
  jobOptions,
  legacyQueueFlags,
  queueOptions,
  translateLegacyFlags,
} from '@cachewarmer/service/cli'
import { azureOptions, legacyAzureFlags, speaksOfMachines, statusOptions } from '@cachewarmer/service/manager'
import type { Cloud } from '@cachewarmer/vmss'
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'

const whole =
  (least: number, most = Number.POSITIVE_INFINITY) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most) {
      const range = most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`
      throw new InvalidArgumentError(`expected a whole number ${range}`)
    }
    return value
  }
const list = (text: string, before: readonly string[] | undefined): string[] => [
  ...(before ?? []),
  ...text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
]

/** Repeatable, taken as it is: a folder's name may hold a comma. */
const repeated = (text: string, before: readonly string[] | undefined): string[] => [...(before ?? []), text]

const fleetSize = () =>
  new Option('--workers <n>', 'worker processes, or machines, at most (default: 4 processes, 12 machines)')
    .argParser(whole(1))
    .env('VMSS_WORKER_COUNT')
const concurrency = () =>
  new Option('--concurrency <n>', 'reads in flight in each worker').argParser(whole(1)).default(64)

/** How a fleet is made: `serve` and `plan` take the same options, so that a plan is what would be done. */
const withFleetOptions = (command: Command) =>
  command
    .addOption(queueOptions.queue)
    .addOption(queueOptions.prefix)
    .addOption(queueOptions.account)
    .addOption(queueOptions.suffix)
    .addOption(queueOptions.keyFile)
    .addOption(queueOptions.keyInArguments)
    .addOption(
      new Option(
        '--ledger <file>',
        'file of the ledger, on a local filesystem (default: beside a sqlite queue, else in $STATE_DIRECTORY, $XDG_STATE_HOME/cachewarmer or ~/.local/state/cachewarmer)',
      ).env('CACHEWARMER_LEDGER'),
    )
    .addOption(
      new Option(
        '--fleet <kind>',
        'local: worker processes on this machine; vmss: a scale set of Azure; none: workers are started by somebody else (default: local, or vmss where options of its machines are given)',
      ).choices(['local', 'vmss', 'none'] as const),
    )
    .addOption(fleetSize())
    .addOption(accessOptions.access)
    .addOption(accessOptions.folder)
    .addOption(accessOptions.folderLinks)
    .addOption(accessOptions.nfsPort)
    .addOption(accessOptions.mountPort)
    .addOption(accessOptions.nfsUid)
    .addOption(accessOptions.nfsGid)
    .addOption(accessOptions.nfsConnections)
    .addOption(accessOptions.nfsTimeoutMs)
    .addOption(accessOptions.mountIdleMs)
    .addOption(accessOptions.allowAddress)
    .addOption(accessOptions.concurrency)
    .addOption(
      new Option('--idle-ms <ms>', 'how long workers stay when there is nothing to do')
        .argParser(whole(0))
        .default(20_000),
    )
    .addOption(
      new Option('--lease-ms <ms>', 'how long work belongs to a process that says nothing')
        .argParser(whole(1_000))
        .default(60_000),
    )
    .addOption(
      new Option(
        '--stalled-after-ms <ms>',
        'end a run as lost when no byte arrived for this long; a pause and its own ceiling do not count',
      )
        .argParser(whole(1))
        .default(30 * 60_000),
    )
    .addOption(
      new Option('--keep-days <days>', 'how long ended runs, their reports and their failures can be looked up')
        .argParser(whole(1, 3_650))
        .default(7)
        .env('CACHEWARMER_KEEP_DAYS'),
    )
    .option('--debug', 'log every step', false)
    .optionsGroup('Machines of Azure (--fleet vmss):')
    .addOption(azureOptions.bootstrapAddress)
    .addOption(azureOptions.bootstrapExport)
    .addOption(azureOptions.bootstrapScript)
    .addOption(azureOptions.bootstrapScriptSha256)
    .addOption(azureOptions.releaseSigner)
    .addOption(azureOptions.userName)
    .addOption(azureOptions.sshPublicKey)
    .addOption(azureOptions.passwordFile)
    .addOption(azureOptions.passwordInArguments)
    .addOption(azureOptions.subnetName)
    .addOption(azureOptions.subnetId)
    .addOption(azureOptions.name)
    .addOption(azureOptions.sizes)
    .addOption(azureOptions.zones)
    .addOption(azureOptions.image)
    .addOption(azureOptions.imagePlan)
    .addOption(azureOptions.priority)
    .addOption(azureOptions.allowRegular)
    .addOption(azureOptions.maxPrice)
    .addOption(azureOptions.pricePerHour)
    .addOption(azureOptions.maxHours)
    .addOption(azureOptions.identity)
    .addOption(azureOptions.ephemeral)
    .addOption(azureOptions.tags)
    .addOption(azureOptions.subscription)
    .addOption(azureOptions.resourceGroup)
    .addOption(azureOptions.location)
    .addOption(azureOptions.cloud)
    .addOption(azureOptions.armEndpoint)
    .addOption(azureOptions.authorityHost)
    .addOption(azureOptions.caFile)
    .addOption(azureOptions.clientId)
    .addOption(azureOptions.metadataUrl)

const serveCommand = () =>
  withFleetOptions(
    new Command('serve').description('Takes jobs from the queue and runs each to its end; the default command.'),
  )
    .optionsGroup('Status page and metrics:')
    .addOption(statusOptions.listen)
    .addOption(statusOptions.tokenFile)
    .addOption(statusOptions.host)

const planCommand = () =>
  withFleetOptions(
    new Command('plan').description(
      'Prints the request and the cloud-init with which serve --fleet vmss would make its machines, and changes nothing.',
    ),
  ).option('--json', 'print them as JSON', false)

const warmCommand = () =>
  new Command('warm')
    .description(
      'Warms folders of this machine now, with a queue of its own and worker processes, and ends with a report.\n' +
        'Without a path it makes a sample scene and warms it through three mounts.',
    )
    .argument('[paths...]', 'files and folders to read; with --mount, paths inside the export')
    .addOption(
      new Option(
        '--mount <folder>',
        'a mount of the export; repeat it to read everything through each of several',
      ).argParser(repeated),
    )
    .addOption(
      new Option('--include <patterns>', 'only files that match one of these; comma separated or repeated').argParser(
        list,
      ),
    )
    .addOption(new Option('--exclude <patterns>', 'no files that match one of these').argParser(list))
    .addOption(new Option('--max-file-size-bytes <n>', 'no larger files').argParser(whole(0)))
    .addOption(new Option('--head-bytes <n>', 'read only so much of each file').argParser(whole(1)))
    .addOption(
      new Option(
        '--mode <mode>',
        'data: read the files (default); metadata: listings and attributes alone; estimate: say how much it is and how long it would take',
      ).choices(['data', 'metadata', 'estimate'] as const),
    )
    .addOption(jobOptions.readSnapshots)
    .addOption(jobOptions.allowEmpty)
    .addOption(jobOptions.filesFrom)
    .addOption(jobOptions.nul)
    .addOption(jobOptions.rules)
    .addOption(jobOptions.manifest)
    .addOption(
      new Option('--export <path>', 'what the paths of a manifest begin with, and lists of paths do not').default('/'),
    )
    .addOption(
      new Option('--workers <n>', 'worker processes at most').argParser(whole(1)).default(2).env('VMSS_WORKER_COUNT'),
    )
    .addOption(concurrency())
    .option('--report <file>', 'write the report as a page, one HTML file that can be sent')
    .option('--json', 'print the report as JSON', false)
    .option('--debug', 'log every step', false)
    .addHelpText(
      'after',
      `
Examples
  cachewarmer-manager warm                                    a sample scene through three mounts
  cachewarmer-manager warm /mnt/scene1 /mnt/scene2
  cachewarmer-manager warm --mount /mnt/cache-1/data --mount /mnt/cache-2/data /scene1
  find . -newer .last -print0 | cachewarmer-manager warm --mount . --files-from - --null`,
    )

const bootstrapCommand = () =>
  new Command('bootstrap')
    .description(
      'Writes the folder that an NFS export serves to machines without internet: programs, install scripts, services.\n' +
        'Run again it upgrades the folder in one step; who is installing from it meanwhile goes on undisturbed.',
    )
    .requiredOption('--out <folder>', 'the folder to write, made where it is not there')
    .option('--from <folder>', 'the release to take the programs from (default: where this program is)')
    .option('--sign-key <file>', 'OpenSSH private key to sign SHA256SUMS with (ssh-keygen asks for its passphrase)')
    .option('--bundles', 'bundles for a Node that the machines have, instead of executables', false)
    .addHelpText(
      'after',
      `
Examples
  cachewarmer-manager bootstrap --out /srv/nfs/bootstrap
  cachewarmer-manager bootstrap --out /mnt/filer/bootstrap --from ./cachewarmer-0.1.0`,
    )

type GivenFleet = ReturnType<ReturnType<typeof serveCommand>['opts']>
/** What was given, and the fleet that it speaks of. */
type Decided<Given> = Omit<Given, 'fleet' | 'workers'> & { fleet: 'local' | 'vmss' | 'none'; workers: number }

export type ServeConfig = Decided<GivenFleet>
export type PlanConfig = Decided<ReturnType<ReturnType<typeof planCommand>['opts']>>
export type BootstrapConfig = ReturnType<ReturnType<typeof bootstrapCommand>['opts']>
export type WarmConfig = ReturnType<ReturnType<typeof warmCommand>['opts']>

async function decideFleet<Given extends GivenFleet>(
  given: Given,
  otherwise: 'local' | 'vmss',
): Promise<Decided<Given>> {
  const fleet = given.fleet ?? (speaksOfMachines(given) ? 'vmss' : otherwise)
  const cloud = await sovereign(given.azureCloud)
  const storageSuffix = given.storageSuffix ?? cloud?.storageSuffix
  const azureAuthorityHost = given.azureAuthorityHost ?? cloud?.authorityHost
  return { ...given, storageSuffix, azureAuthorityHost, fleet, workers: given.workers ?? (fleet === 'vmss' ? 12 : 4) }
}

/** The queues are in the cloud that the machines are in. */
async function sovereign(name: GivenFleet['azureCloud']): Promise<Cloud | undefined> {
  if (name === 'AzurePublicCloud') return undefined
  const { clouds } = await import('@cachewarmer/vmss')
  return clouds[name]
}

export interface ManagerActions {
  serve(config: ServeConfig): Promise<number>
  plan(config: PlanConfig): Promise<number>
  warm(paths: readonly string[], config: WarmConfig): Promise<number>
  bootstrap(config: BootstrapConfig): Promise<number>
}

/** Secrets in an argument list are shown to everybody who may list processes. */
function warnOfPassword(source: string | undefined): void {
  if (source === 'cli')
    process.stderr.write(
      'cachewarmer-manager: a password on the command line is shown to everybody by ps; use VMSS_PASSWORD or --vmss-password-file\n',
    )
}

/** Parses a command line, the original's spelling included, and runs what it asks for. Ends the process for --help and usage errors. */
export async function runCommandLine(
  argv: readonly string[],
  version: string,
  actions: ManagerActions,
): Promise<number> {
  let code = 0
  const program = new Command('cachewarmer-manager')
    .version(version)
    .description('Runs warm-up jobs: sends their work to workers, counts what was read, and says what happened.')
    .addCommand(
      serveCommand().action(async (config, command) => {
        warnOfPassword(command.getOptionValueSource('vmssPassword'))
        code = await actions.serve(await decideFleet(config, 'local'))
      }),
      { isDefault: true },
    )
    .addCommand(
      planCommand().action(async (config, command) => {
        warnOfPassword(command.getOptionValueSource('vmssPassword'))
        code = await actions.plan(await decideFleet(config, 'vmss'))
      }),
    )
    .addCommand(
      warmCommand().action(async (paths, config) => {
        code = await actions.warm(paths, config)
      }),
    )
    .addCommand(
      bootstrapCommand().action(async (config) => {
        code = await actions.bootstrap(config)
      }),
    )
  for (const command of [program, ...program.commands]) {
    command.showHelpAfterError(`Try '${nameOf(command, program)} --help' for every option.`)
    command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  }
  await program.parseAsync(translateLegacyFlags(argv, { ...legacyQueueFlags, ...legacyAzureFlags }), { from: 'user' })
  return code
}

const nameOf = (command: { name(): string }, program: { name(): string }): string =>
  command === program ? program.name() : `${program.name()} ${command.name()}`
