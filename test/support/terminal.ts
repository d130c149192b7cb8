import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Screen } from './screen.ts'

const program = '/usr/bin/script'

/** Why there can be no terminal here, to be said aloud; undefined where there can. */
export const terminalMissing = (): string | undefined =>
  existsSync(program) ? undefined : 'util-linux (bsdutils) has no script here'

interface TerminalOptions {
  readonly columns: number
  readonly rows: number
  readonly environment: Readonly<Record<string, string>>
}

/** A program on a terminal of its own, as a person sees it. */
export class Terminal {
  readonly screen: Screen
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  /** All that was shown, with every control sequence. */
  written = ''

  constructor(command: readonly string[], { columns, rows, environment }: TerminalOptions) {
    this.screen = new Screen(columns)
    const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
    const onIt = `stty cols ${columns} rows ${rows} -echo && exec ${quoted}`
    this.#child = spawn(program, ['--quiet', '--return', '--command', onIt, '/dev/null'], {
      env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', TERM: 'xterm', SHELL: '/bin/sh', ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.written += text
      this.screen.write(text)
    })
    this.#closed = once(this.#child, 'close')
  }

  /** Ctrl-C, as the terminal gives it to the program. */
  interrupt(): void {
    this.#child.stdin?.write('\u0003')
  }

  /** What the program ended with. */
  async ended(): Promise<number | null> {
    await this.#closed
    return this.#child.exitCode
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}
