import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'

const esc = '\u001b'
/** Cursor up, clear, anything else that is a sequence, line ends, text. */
const pieces = new RegExp(`${esc}\\[(\\d+)A|${esc}\\[([JK])|(${esc}.{0,8})|([\r\n])|([^${esc}\r\n])`, 'gu')
const begun = new RegExp(`${esc}(?:\\[\\d*)?$`, 'u')

/**
 * What a terminal of a given width shows, by the control sequences that are used: carriage return, line feed, cursor up, and
 * clearing to the end of the line or of the screen. Any other throws, so that none is used that would have to be undone.
 */
export class Screen {
  readonly #columns: number
  readonly #rows: string[][] = [[]]
  #held = ''
  #row = 0
  #column = 0
  /** The cursor was beyond the last column. */
  wrapped = false

  constructor(columns: number) {
    this.#columns = columns
  }

  /** Lines from the first that was ever written, without those that are empty at the end. */
  get lines(): string[] {
    return this.#rows
      .map((row) =>
        Array.from(row, (cell) => cell ?? ' ')
          .join('')
          .trimEnd(),
      )
      .join('\n')
      .trimEnd()
      .split('\n')
  }

  /** Whether the cursor is at the beginning of a line with nothing behind it or below. */
  get isAtRest(): boolean {
    const below = this.#rows.slice(this.#row).flat()
    return this.#column === 0 && below.length === 0
  }

  write(text: string): void {
    const all = this.#held + text
    // A sequence may come in two pieces.
    this.#held = begun.exec(all)?.[0] ?? ''
    for (const [, up, clear, what, control, plain] of all.slice(0, all.length - this.#held.length).matchAll(pieces)) {
      if (up !== undefined) this.#row = Math.max(0, this.#row - Number(up))
      else if (clear !== undefined) this.#clear(clear)
      else if (what !== undefined) throw new Error(`an unexpected control sequence: ${JSON.stringify(what)}`)
      else if (control === '\r') this.#column = 0
      else if (control === '\n') this.#move()
      else this.#put(plain ?? '')
    }
  }

  #clear(what: string): void {
    this.#rows[this.#row]?.splice(this.#column)
    if (what === 'J') this.#rows.splice(this.#row + 1)
  }

  #move(): void {
    this.#row += 1
    while (this.#rows.length <= this.#row) this.#rows.push([])
  }

  #put(character: string): void {
    if (this.#column === this.#columns) {
      this.wrapped = true
      this.#column = 0
      this.#move()
    }
    const row = this.#rows[this.#row]
    if (row !== undefined) row[this.#column] = character
    this.#column += 1
  }
}

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

  /** The program's exit code. */
  async ended(): Promise<number | null> {
    await this.#closed
    return this.#child.exitCode
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}
