import { ceilingOrNone, jobOptions, legacyQueueFlags, queueOptions, whole } from '@cachewarmer/service/cli'
import { Command, Option } from '@commander-js/extra-typings'
import { examples } from './examples.ts'
import type { Terminal } from './terminal.ts'
import { verifyOptions } from './verify/options.ts'

/** The original's flags; `-blockUntilWarm` is a switch. */
export const legacyFlags = {
  ...legacyQueueFlags,
  warmTargetMountAddresses: '--addresses',
  warmTargetExportPath: '--export',
  warmTargetPath: '--path',
  inclusionCsv: '--include',
  exclusionCsv: '--exclude',
  maxFileSizeBytes: '--max-file-size-bytes',
  blockUntilWarm: '--wait',
} as const

/** Whether a job is described in the original's words. Its message then is the original's, too: it gets no label. */
export const isLegacy = (argv: readonly string[]): boolean => argv.some((argument) => /^--?warmTarget/.test(argument))

const target = 'its label, its run, or the id of its message'

/** All commands, without their actions. Queue options may stand before or after the command's name. */
export function makeProgram(version: string, { stdout, stderr }: Pick<Terminal, 'stdout' | 'stderr'>) {
  const program = new Command('cachewarmer-submit')
    .description('Submits jobs to a CacheWarmer, and watches, lists and cancels them.')
    .version(version)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
    })
    .exitOverride()
    .addOption(queueOptions.queue)
    .addOption(queueOptions.prefix)
    .addOption(queueOptions.account)
    .addOption(queueOptions.suffix)
    .addOption(queueOptions.keyFile)
    .addOption(queueOptions.keyInArguments)
    .option('--json', 'print JSON on standard output, for programs')
    .option('--debug', 'log to standard error what is done')

  const submit = program
    .command('submit', { isDefault: true })
    .description('put a job in the queue; what is done when no command is named')
    .addOption(jobOptions.addresses)
    .addOption(jobOptions.export)
    .addOption(jobOptions.path)
    .addOption(jobOptions.include)
    .addOption(jobOptions.exclude)
    .addOption(jobOptions.excludeDirectories)
    .addOption(jobOptions.maxFileSize)
    .addOption(jobOptions.minFileSize)
    .addOption(jobOptions.modifiedSince)
    .addOption(jobOptions.headBytes)
    .addOption(jobOptions.through)
    .addOption(jobOptions.mode)
    .addOption(jobOptions.symlinks)
    .addOption(jobOptions.readSnapshots)
    .addOption(jobOptions.allowEmpty)
    .addOption(jobOptions.jobId)
    .addOption(jobOptions.weight)
    .addOption(jobOptions.maxBytesPerSecond)
    .addOption(jobOptions.maxRequestsPerSecond)
    .addOption(jobOptions.maxWorkers)
    .addOption(jobOptions.file)
    .addOption(jobOptions.filesFrom)
    .addOption(jobOptions.nul)
    .addOption(jobOptions.rules)
    .addOption(jobOptions.manifest)
    .option(
      '--retry <job>',
      'warm what failed in this job, which has ended, and nothing else: each path through the addresses that it failed at',
    )
    .option('--wait', 'show progress until the job has ended, then its report; Ctrl-C stops the waiting alone')
    .option('--report <file>', 'with --wait: write the report as a page, one HTML file that can be sent')
  const status = program
    .command('status')
    .description('show the report of a job, so far or final')
    .argument('<job>', target)
    .option('--wait', 'show progress until the job has ended')
    .option('--report <file>', 'write the report as a page, one HTML file that can be sent')
  const watch = program
    .command('watch')
    .description('show jobs live, a bar each and one for each address, until they have ended; then their reports')
    .argument('<job...>', target)
  const failures = program
    .command('failures')
    .description('print every path that failed, with cause and address; a manager has to be running')
    .argument('<job>', target)
    .option('--out <file>', 'write them to a file')
    .option('-0, --null', 'only the paths, each once, as bytes with a NUL after each, as xargs -0 takes them')
  const history = program
    .command('history')
    .description('list the runs that have ended and are still kept, the latest first')
    .argument('[job]', `only those of one job: ${target}`)
  const list = program.command('list').description('list the jobs that wait, run, or have ended in the last days')
  const cancel = program.command('cancel').description('end a job; what was read stays warm').argument('<job>', target)
  const pause = program.command('pause').description('let a job rest; it keeps its progress').argument('<job>', target)
  const resume = program.command('resume').description('let a paused job go on').argument('<job>', target)

  const verify = program
    .command('verify')
    .description(
      'measure how much of a job, or of what the options say, a cache really holds: re-reads a random sample through each address, by NFSv3 itself, and compares latencies',
    )
    .argument('[job]', `${target}; without one the options describe what to look at, and no queue is needed`)
    .addOption(jobOptions.addresses)
    .addOption(jobOptions.export)
    .addOption(jobOptions.path)
    .addOption(jobOptions.include)
    .addOption(jobOptions.exclude)
    .addOption(jobOptions.excludeDirectories)
    .addOption(jobOptions.maxFileSize)
    .addOption(jobOptions.minFileSize)
    .addOption(jobOptions.modifiedSince)
    .addOption(jobOptions.filesFrom)
    .addOption(jobOptions.nul)
    .addOption(jobOptions.rules)
    .addOption(jobOptions.manifest)
    .addOption(jobOptions.file)
    .addOption(verifyOptions.sample)
    .addOption(verifyOptions.headBytes)
    .addOption(verifyOptions.require)
    .addOption(verifyOptions.picture)
    .addOption(verifyOptions.listSeconds)
    .addOption(verifyOptions.nfsPort)
    .addOption(verifyOptions.mountPort)
    .addOption(verifyOptions.allowAddress)
    .addOption(verifyOptions.nfsUid)
    .addOption(verifyOptions.nfsGid)

  const change = program
    .command('change')
    .description('change what a running job may use; its workers follow within seconds')
    .argument('<job>', target)
    .addOption(new Option('--weight <n>', 'share of the workers among the jobs, 1 to 100').argParser(whole))
    .addOption(new Option('--max-bytes-per-second <n>', 'for the whole job; none: no ceiling').argParser(ceilingOrNone))
    .addOption(
      new Option('--max-requests-per-second <n>', 'for the whole job; none: no ceiling').argParser(ceilingOrNone),
    )
    .addOption(new Option('--max-workers <n>', 'workers at once; none: no ceiling').argParser(ceilingOrNone))

  program.addHelpText('after', () => `\n${optionsOf(submit)}\n${examples}`)
  submit.addHelpText('after', `\n${examples}`)
  return { program, submit, status, watch, failures, history, list, cancel, pause, resume, verify, change }
}

/** The options of the command that most people want, in the help that most people ask for. */
function optionsOf(command: Pick<Command, 'createHelp'>): string {
  const helper = command.createHelp()
  helper.prepareContext({})
  const submit = command as Command
  const width = helper.padWidth(submit, helper)
  const items = helper
    .visibleOptions(submit)
    .filter((option) => option.long !== '--help')
    .map((option) => helper.formatItem(helper.optionTerm(option), width, helper.optionDescription(option), helper))
  return helper.formatItemList('Options of submit:', items, helper).join('\n')
}
