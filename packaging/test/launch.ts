import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { releaseFolder } from '../src/release.ts'

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

/** The executable is made for Linux alone; the reason is printed where the tests are skipped. */
export const notLinux: boolean = process.platform !== 'linux'
if (notLinux) console.log('SKIPPED: what is released, because this is not Linux')

/** Every name that says a role. */
export const names = [
  'cachewarmer-manager',
  'cachewarmer-worker',
  'cachewarmer-submit',
  'cachewarmer-jobsubmitter',
] as const
export type Name = (typeof names)[number]

/** Links to what was built, by every name; see build-release.ts. */
export const namesFolder: string = join(releaseFolder, '.names')

/** Which of the program's two forms. */
export type Form = 'executable' | 'bundle'

/** The command line of the program that was built, called through a link of that name, or by its own. */
export const commandOf = (name: Name | 'cachewarmer', form: Form): readonly [string, ...string[]] => {
  const folder = name === 'cachewarmer' ? releaseFolder : namesFolder
  return form === 'executable' ? [join(folder, name)] : [process.execPath, join(folder, `${name}.mjs`)]
}

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
