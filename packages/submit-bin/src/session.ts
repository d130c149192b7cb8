import { toWire } from '@cachewarmer/core'
import type { Clock, Logger, QueueService, Random } from '@cachewarmer/queue'
import {
  type Environment,
  type Files,
  openLogger,
  openQueues,
  type QueueSettings,
  type Shutdown,
} from '@cachewarmer/service/cli'
import type { ProgressStream } from '@cachewarmer/service/submit'

/** The world outside of the program, handed in by the binary. */
export interface Terminal extends Files {
  readonly stdout: { write(text: string | Uint8Array): unknown }
  readonly stderr: ProgressStream
  readonly environment: Environment
  readonly clock: Clock
  readonly random: Random
  /** Writes a file, in place of one that is there. */
  writeFile(file: string, content: string | AsyncIterable<Uint8Array>): Promise<void>
  /** Listens to the signals that end the waiting. */
  listen(): Shutdown & Disposable
}

/** Results go to standard output: text for people, one line of JSON for programs. */
export interface Output {
  result(text: string, value: unknown): void
  /** What is no result, on standard error. */
  note(text: string): void
}

/** JSON is printed in ASCII alone, so that no file name can act on a terminal there either. */
export const openOutput = ({ stdout, stderr }: Terminal, options: { readonly json?: true | undefined }): Output => ({
  result: (text, value) => void stdout.write(`${options.json ? toWire(value) : text}\n`),
  note: (text) => void stderr.write(`${text}\n`),
})

/** What every command works with. */
export interface Session {
  readonly service: QueueService
  readonly prefix: string
  readonly output: Output
  readonly logger: Logger
  readonly terminal: Terminal
  /** Output is for programs. */
  readonly json: boolean
}

export interface GlobalSettings extends QueueSettings {
  readonly json?: true | undefined
  readonly debug?: true | undefined
  /** The command line uses the original's flags. Its job's message is the original's, too: it gets no label. */
  readonly inOriginalWords?: boolean | undefined
}

/** How commands name a job, in their help. */
export const target = 'its label, its run, or the id of its message'

/** The work of a command; its number is the program's exit code. */
type Work = (terminal: Terminal, settings: GlobalSettings) => Promise<number>

/** Runs the work of the command that was given. A command line that is only read runs none. */
export type Act = (work: Work) => Promise<void>

/** Work that needs the queues. */
export const inSession =
  (work: (session: Session) => Promise<number>): Work =>
  (terminal, settings) =>
    withSession(terminal, settings, work)

/** Opens the queues, does the work, and closes them again, also after an error. */
export async function withSession(
  terminal: Terminal,
  settings: GlobalSettings,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const level = settings.debug ? 'debug' : 'warn'
  const stream = { write: (line: string): void => void terminal.stderr.write(line) }
  const logger = openLogger({ level, name: 'cachewarmer-submit', stream })
  await using queues = await openQueues(settings, terminal.environment, terminal.clock)
  const { service, prefix } = queues
  return await work({
    service,
    prefix,
    output: openOutput(terminal, settings),
    logger,
    terminal,
    json: settings.json === true,
  })
}
