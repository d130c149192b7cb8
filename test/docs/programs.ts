import { legacyQueueFlags, translateLegacyFlags } from '@cachewarmer/service/cli'
import { vi } from 'vitest'
import { type ManagerActions, runCommandLine } from '../../packages/manager-bin/src/command-line.ts'
import { roleOf } from '../../packages/manager-bin/src/roles.ts'
import type { JobSettings } from '../../packages/service/src/cli/job-options.ts'
import { readJob } from '../../packages/service/src/submit/read-job.ts'
import { legacyFlags, makeProgram } from '../../packages/submit-bin/src/program.ts'
import { parseWorkerConfig } from '../../packages/worker-bin/src/command.ts'
import type { CommandLine } from './shell.ts'

/** Parses a command line with the program's own parser, and does nothing of what it asks. Throws what the program would say. */
export async function dryRun({ program, args }: CommandLine): Promise<void> {
  if (program === 'cachewarmer' && args.join(' ') === '--help') return
  const called = roleOf(program, args[0])
  if (called === undefined) throw new Error(`${program} ${args[0]}: expected a command first`)
  const given = called.named === true ? args.slice(1) : args
  if (called.role === 'manager') return withoutExit(() => manager(given))
  if (called.role === 'worker') return withoutExit(() => void parseWorkerConfig(given, '0'))
  return submit(given)
}

async function manager(argv: readonly string[]): Promise<void> {
  const nothing = new Proxy({} as ManagerActions, { get: () => () => Promise.resolve(0) })
  await runCommandLine(argv, '0', nothing)
}

async function submit(argv: readonly string[]): Promise<void> {
  let said = ''
  const stream = {
    write: (text: string) => {
      said += text
      return true
    },
  } as unknown as NodeJS.WriteStream
  const { program, submit } = makeProgram('0', { stdout: stream, stderr: stream }, () => Promise.resolve())
  let settings: (JobSettings & { retry?: string | undefined }) | undefined
  submit.action((given) => {
    settings = given as typeof settings
  })
  try {
    await program.parseAsync(translateLegacyFlags(argv, { ...legacyQueueFlags, ...legacyFlags }), { from: 'user' })
  } catch (error) {
    if ((error as { exitCode?: number }).exitCode === 0) return
    throw new Error(said || String(error), { cause: error })
  }
  // A job that a document shows must be one that would be sent.
  if (settings !== undefined && settings.job === undefined && settings.retry === undefined)
    await readJob(shownFiles(settings), { readText: () => Promise.reject(new Error('no file')), readBytes: noBytes })
}

/** The content of named files is not checked. */
function shownFiles({ manifest, ...settings }: JobSettings): JobSettings {
  return { ...(manifest === undefined ? {} : { path: ['/'] }), ...settings, rules: undefined }
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

/** Programs end their process after help and for a wrong option; the latter is an error here, with what they said before. */
async function withoutExit(run: () => Promise<void> | void): Promise<void> {
  let said = ''
  let code: unknown
  const listen = (text: string | Uint8Array): boolean => {
    said += String(text)
    return true
  }
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(listen),
    vi.spyOn(process.stderr, 'write').mockImplementation(listen),
    vi.spyOn(process, 'exit').mockImplementation((given) => {
      code = given
      throw new Error(said || `exit code ${given}`)
    }),
  ]
  try {
    await run()
  } catch (error) {
    if (code !== 0) throw error
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
