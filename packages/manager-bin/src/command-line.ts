import { legacyQueueFlags, translateLegacyFlags } from '@cachewarmer/service/cli'
import { legacyAzureFlags } from '@cachewarmer/service/manager'
import { Command } from '@commander-js/extra-typings'
import { type BootstrapSettings, bootstrap, bootstrapCommand } from './bootstrap.ts'
import { type PlanSettings, plan, planCommand, readPlanSettings } from './plan.ts'
import { readServeSettings, type ServeSettings, serve, serveCommand } from './serve.ts'
import { type WarmSettings, warm, warmCommand } from './warm.ts'

/** What each command does; returns an exit code. */
export interface ManagerActions {
  serve(settings: ServeSettings): Promise<number>
  plan(settings: PlanSettings): Promise<number>
  warm(paths: readonly string[], settings: WarmSettings): Promise<number>
  bootstrap(settings: BootstrapSettings): Promise<number>
}

/**
 * Parses a command line, the original's spelling included, and runs what it asks for. Returns the exit code. Ends the
 * process for --help and usage errors.
 */
export async function runCommandLine(
  argv: readonly string[],
  version: string,
  actions: ManagerActions = { serve, plan, warm, bootstrap },
): Promise<number> {
  let code = 0
  const program = new Command('cachewarmer-manager')
    .version(version)
    .description('Runs warm-up jobs: sends their work to workers, counts what was read, and reports what happened.')
    .addCommand(
      serveCommand().action(async (given, command) => {
        warnOfPassword(command)
        code = await actions.serve(await readServeSettings(given))
      }),
      { isDefault: true },
    )
    .addCommand(
      planCommand().action(async (given, command) => {
        warnOfPassword(command)
        code = await actions.plan(await readPlanSettings(given))
      }),
    )
    .addCommand(
      warmCommand().action(async (paths, settings) => {
        code = await actions.warm(paths, settings)
      }),
    )
    .addCommand(
      bootstrapCommand().action(async (settings) => {
        code = await actions.bootstrap(settings)
      }),
    )
  for (const command of [program, ...program.commands]) {
    const name = command === program ? program.name() : `${program.name()} ${command.name()}`
    command.showHelpAfterError(`Try '${name} --help' for every option.`)
    command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  }
  await program.parseAsync(translateLegacyFlags(argv, { ...legacyQueueFlags, ...legacyAzureFlags }), { from: 'user' })
  return code
}

/** An argument list is visible to every user of the machine. */
function warnOfPassword(command: Command): void {
  if (command.getOptionValueSource('vmssPassword') !== 'cli') return
  process.stderr.write(
    'cachewarmer-manager: ps shows a password on the command line to every user; use VMSS_PASSWORD or --vmss-password-file\n',
  )
}
