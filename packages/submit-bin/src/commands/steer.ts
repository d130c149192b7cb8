import { ceilingOrNone, exitCode, wholeFrom } from '@cachewarmer/service/cli'
import { cancelJob, changeJob, type JobChange, pauseJob, resumeJob } from '@cachewarmer/service/submit'
import { type Command, Option } from '@commander-js/extra-typings'
import { type Act, inSession, type Session, target } from '../session.ts'

/** `cancel`, `pause` and `resume`. */
export function controlCommands(program: Pick<Command, 'command'>, act: Act): void {
  for (const [command, { description }] of Object.entries(controls) as [
    keyof typeof controls,
    (typeof controls)['cancel'],
  ][])
    program
      .command(command)
      .description(description)
      .argument('<job>', target)
      .action((job) => act(inSession((session) => control(session, command, job))))
}

export const changeCommand = (program: Pick<Command, 'command'>, act: Act) =>
  program
    .command('change')
    .description('change what a running job may use; its workers follow within seconds')
    .argument('<job>', target)
    .addOption(new Option('--weight <n>', 'share of the workers among the jobs, 1 to 100').argParser(wholeFrom(0)))
    .addOption(new Option('--max-bytes-per-second <n>', 'for the whole job; none: no ceiling').argParser(ceilingOrNone))
    .addOption(
      new Option('--max-requests-per-second <n>', 'for the whole job; none: no ceiling').argParser(ceilingOrNone),
    )
    .addOption(new Option('--max-workers <n>', 'workers at once; none: no ceiling').argParser(ceilingOrNone))
    .action((job, wish) => act(inSession((session) => change(session, job, wish))))

const controls = {
  cancel: {
    description: 'end a job; what was read stays warm',
    send: cancelJob,
    done: 'Asked the manager to cancel it.',
  },
  pause: {
    description: 'let a job rest; it keeps its progress',
    send: pauseJob,
    done: 'Asked the manager to pause it.',
  },
  resume: { description: 'resume a paused job', send: resumeJob, done: 'Asked the manager to resume it.' },
} as const

async function control(session: Session, command: keyof typeof controls, job: string): Promise<number> {
  const { service, prefix, output, terminal } = session
  const { send, done } = controls[command]
  const sent = await send(service, prefix, job, { clock: terminal.clock })
  output.result(done, { command, ...sent })
  return exitCode.ok
}

type Ceiling = number | 'none' | undefined

interface Wish {
  readonly weight?: number | undefined
  readonly maxBytesPerSecond?: Ceiling
  readonly maxRequestsPerSecond?: Ceiling
  readonly maxWorkers?: Ceiling
}

/** What is wrong with the values is said before anything is looked up or sent. */
async function change(session: Session, job: string, { weight, ...ceilings }: Wish): Promise<number> {
  const { service, prefix, output, terminal } = session
  const lifted = Object.entries(ceilings).map(([name, value]) => [name, value === 'none' ? null : value] as const)
  const wish: JobChange = { weight, ...Object.fromEntries(lifted) }
  const sent = await changeJob(service, prefix, job, wish, { clock: terminal.clock })
  output.result('Asked the manager to change it. Workers follow within seconds.', { command: 'change', ...sent })
  return exitCode.ok
}
