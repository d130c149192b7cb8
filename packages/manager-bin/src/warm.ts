import { onShutdown, systemFiles, wholeFrom, withJobOptions } from '@cachewarmer/service/cli'
import { warm as warmUp } from '@cachewarmer/service/warm'
import { Command, Option } from '@commander-js/extra-typings'
import { workerCommand } from './worker-command.ts'

export const warmCommand = () =>
  withJobOptions(
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
        ).argParser((text, before: readonly string[] | undefined) => [...(before ?? []), text]),
      ),
    { of: 'warm', without: ['job'] },
  )
    .addOption(
      new Option('--export <path>', 'what the paths of a manifest begin with, and lists of paths do not').default('/'),
    )
    .addOption(
      new Option('--workers <n>', 'worker processes at most')
        .argParser(wholeFrom(1))
        .default(2)
        .env('VMSS_WORKER_COUNT'),
    )
    .addOption(new Option('--concurrency <n>', 'reads in flight in each worker').argParser(wholeFrom(1)).default(64))
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

export type WarmSettings = ReturnType<ReturnType<typeof warmCommand>['opts']>

/** The one-shot, with the streams, files and signals of this process. */
export async function warm(paths: readonly string[], settings: WarmSettings): Promise<number> {
  const { mount: mounts = [], workers, concurrency, report, json, debug, ...job } = settings
  const ports = {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    files: systemFiles,
    shutdown: onShutdown({ drainMs: 10_000 }),
    workerCommand: (args: readonly string[]) => workerCommand(process.execPath, args),
  }
  try {
    return await warmUp(ports, { paths, mounts, job, workers, concurrency, report, json, debug })
  } finally {
    // A list given up in its middle must not keep the program.
    if ([job.filesFrom, job.manifest, job.rules].includes('-')) process.stdin.destroy()
  }
}
