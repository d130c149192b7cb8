import { legacyQueueFlags, queueOptions, translateLegacyFlags } from '@cachewarmer/cli'
import { accessOptions } from '@cachewarmer/worker/options'
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'

const whole =
  (least: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`expected a whole number of at least ${least}`)
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

const workers = () =>
  new Option('--workers <n>', 'worker processes at most').argParser(whole(1)).default(4).env('VMSS_WORKER_COUNT')
const concurrency = () =>
  new Option('--concurrency <n>', 'reads in flight in each worker').argParser(whole(1)).default(64)

const serveCommand = () =>
  new Command('serve')
    .description('Takes jobs from the queue and runs each to its end; the default command.')
    .addOption(queueOptions.queue)
    .addOption(queueOptions.prefix)
    .addOption(queueOptions.account)
    .addOption(queueOptions.suffix)
    .addOption(queueOptions.keyFile)
    .addOption(queueOptions.keyInArguments)
    .addOption(
      new Option(
        '--ledger <file>',
        'where the ledger is kept; default: beside a sqlite queue, else in the current folder',
      ).env('CACHEWARMER_LEDGER'),
    )
    .addOption(
      new Option(
        '--fleet <kind>',
        'local: worker processes on this machine; none: workers are started by somebody else',
      )
        .choices(['local', 'none'] as const)
        .default('local' as const),
    )
    .addOption(workers())
    .addOption(accessOptions.access)
    .addOption(accessOptions.folder)
    .addOption(accessOptions.nfsPort)
    .addOption(accessOptions.mountPort)
    .addOption(accessOptions.nfsUid)
    .addOption(accessOptions.nfsGid)
    .addOption(accessOptions.nfsConnections)
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
      new Option('--stalled-after-ms <ms>', 'a run in which nothing was read for so long ends as lost')
        .argParser(whole(1))
        .default(30 * 60_000),
    )
    .option('--debug', 'log every step', false)

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
    .addOption(workers().default(2))
    .addOption(concurrency())
    .option('--json', 'print the report as JSON', false)
    .option('--debug', 'log every step', false)
    .addHelpText(
      'after',
      `
Examples
  cachewarmer-manager warm                                    a sample scene through three mounts
  cachewarmer-manager warm /mnt/scene1 /mnt/scene2
  cachewarmer-manager warm --mount /mnt/cache-1/data --mount /mnt/cache-2/data /scene1`,
    )

export type ServeConfig = ReturnType<ReturnType<typeof serveCommand>['opts']>
export type WarmConfig = ReturnType<ReturnType<typeof warmCommand>['opts']>

/** The original's options that this version has no use for: its fleet is this machine. */
const legacyFleetFlags = {
  bootstrapMountAddress: null,
  bootstrapExportPath: null,
  bootstrapScriptPath: null,
  vmssUserName: null,
  vmssPassword: null,
  vmssSshPublicKey: null,
  vmssSubnetName: null,
  workerCount: '--workers',
} as const

export interface ManagerActions {
  serve(config: ServeConfig): Promise<number>
  warm(paths: readonly string[], config: WarmConfig): Promise<number>
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
      serveCommand().action(async (config) => {
        code = await actions.serve(config)
      }),
      { isDefault: true },
    )
    .addCommand(
      warmCommand().action(async (paths, config) => {
        code = await actions.warm(paths, config)
      }),
    )
  for (const command of [program, ...program.commands]) {
    command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  }
  await program.parseAsync(translateLegacyFlags(argv, { ...legacyQueueFlags, ...legacyFleetFlags }), { from: 'user' })
  return code
}
