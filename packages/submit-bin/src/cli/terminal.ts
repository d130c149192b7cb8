import { toWire } from '@cachewarmer/core'
import type { Clock, Random } from '@cachewarmer/queue'
import type { Environment, Files, Shutdown } from '@cachewarmer/service/cli'
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
