import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type Program, releaseFolder } from '../src/programs.ts'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Launched {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  readonly stderr: () => string
}

/** Which of a program's two forms. */
export type Form = 'executable' | 'bundle'

/** The command line of a program as it was built. */
export const commandOf = (program: Program, form: Form): readonly [string, ...string[]] =>
  form === 'executable' ? [join(releaseFolder, program)] : [process.execPath, join(releaseFolder, `${program}.mjs`)]

/** Starts a command with nothing in its environment but what is given: no PATH, so nothing else can be found either. */
export function launch(command: readonly string[], env: Readonly<Record<string, string>> = {}): Launched {
  const [file = '', ...args] = command
  const child = spawn(file, args, { env: { PATH: '/nonexistent', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }))
  return { process: child, ended, stderr: () => stderr }
}
