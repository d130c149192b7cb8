import { exitCode, legacyQueueFlags, queueOptions, translateLegacyFlags, UsageError } from '@cachewarmer/service/cli'
import { isSubmitError } from '@cachewarmer/service/submit'
import { Command } from '@commander-js/extra-typings'
import { failuresCommand } from './commands/failures.ts'
import { historyCommand } from './commands/history.ts'
import { listCommand } from './commands/list.ts'
import { statusOfJobCommand } from './commands/status.ts'
import { changeCommand, controlCommands } from './commands/steer.ts'
import { submitCommand } from './commands/submit.ts'
import { verifyCommand } from './commands/verify.ts'
import { watchCommand } from './commands/watch.ts'
import { examples } from './examples.ts'
import type { Act, GlobalSettings, Terminal } from './session.ts'

/**
 * Does what a command line says, the original's spelling included, and returns the exit code. Throws what `runMain`
 * explains.
 */
export async function run(argv: readonly string[], version: string, terminal: Terminal): Promise<number> {
  let code: number = exitCode.ok
  const { program } = makeProgram(version, terminal, async (work) => {
    const settings = program.opts() satisfies GlobalSettings
    code = await work(terminal, { ...settings, inOriginalWords: isLegacy(argv) })
  })
  try {
    await program.parseAsync(translateLegacyFlags(argv, legacyFlags), { from: 'user' })
  } catch (error) {
    // A name that nothing goes by is the caller's mistake; a job that went away is the answer to the question.
    if (!isSubmitError(error)) throw error
    if (error.code !== 'JOB_GONE' && error.code !== 'NO_ANSWER') throw new UsageError(error.message, { cause: error })
    terminal.stderr.write(`${program.name()}: ${error.message}\n`)
    return exitCode.failed
  }
  return code
}

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

const isLegacy = (argv: readonly string[]): boolean => argv.some((argument) => /^--?warmTarget/.test(argument))

/** All commands. Queue options may stand before or after the command's name. */
export function makeProgram(version: string, { stdout, stderr }: Pick<Terminal, 'stdout' | 'stderr'>, act: Act) {
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
  const submit = submitCommand(program, act)
  statusOfJobCommand(program, act)
  watchCommand(program, act)
  failuresCommand(program, act)
  historyCommand(program, act)
  listCommand(program, act)
  controlCommands(program, act)
  verifyCommand(program, act)
  changeCommand(program, act)
  program.addHelpText('after', () => `\n${optionsOf(submit)}\n${examples}`)
  submit.addHelpText('after', `\n${examples}`)
  return { program, submit }
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
