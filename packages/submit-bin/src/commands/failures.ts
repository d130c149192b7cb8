import { type Failure, toWire } from '@cachewarmer/core'
import { encodeName } from '@cachewarmer/nfs'
import { exitCode } from '@cachewarmer/service/cli'
import { plural, printable } from '@cachewarmer/service/report'
import { findRun, listFailures } from '@cachewarmer/service/submit'
import type { Command } from '@commander-js/extra-typings'
import { type Act, inSession, type Session, target } from '../session.ts'

export const failuresCommand = (program: Pick<Command, 'command'>, act: Act) =>
  program
    .command('failures')
    .description('print every path that failed, with cause and address; a manager has to be running')
    .argument('<job>', target)
    .option('--out <file>', 'write them to a file')
    .option('-0, --null', 'only the paths, each once, as bytes with a NUL after each, as xargs -0 takes them')
    .action((job, settings) => act(inSession((session) => failures(session, job, settings))))

interface FailuresSettings {
  readonly out?: string | undefined
  readonly null?: true | undefined
}

/** What a failure is written as. */
type Form = (failure: Failure) => Uint8Array

/** Every path that failed, with cause and address: for people, for programs, or as bytes that a path list takes. */
async function failures(session: Session, job: string, { out, null: nul }: FailuresSettings): Promise<number> {
  const { service, prefix, output, terminal, json } = session
  using shutdown = terminal.listen()
  const options = { clock: terminal.clock, random: terminal.random, signal: shutdown.stopTaking }
  const { run, state } = await findRun(service, prefix, job, options)
  const form = nul ? pathsWithNul() : json ? jsonLine : textLine
  let told = 0
  const write = async function* (): AsyncGenerator<Uint8Array> {
    for await (const failure of listFailures(service, prefix, run, options)) {
      told += 1
      const bytes = form(failure)
      if (bytes.length > 0) yield bytes
    }
  }
  if (out === undefined) for await (const bytes of write()) terminal.stdout.write(bytes)
  else await terminal.writeFile(out, write())
  const where = out === undefined ? '' : ` written to ${printable(out)}`
  output.note(`${plural(told, 'failure')}${where}${state === 'ended' ? '' : '; the job still runs'}`)
  return exitCode.ok
}

const jsonLine: Form = (failure) => Buffer.from(`${toWire(failure)}\n`)

const textLine: Form = ({ code, address, path, message }) =>
  Buffer.from(`${[code, address ?? '-', path, message ?? ''].map(printable).join('\t').trimEnd()}\n`)

/** Each path once, as the bytes that it has on the filer, a NUL after each: what `xargs -0` and path lists take. */
function pathsWithNul(): Form {
  const seen = new Set<string>()
  return ({ path }) => {
    if (seen.has(path)) return new Uint8Array()
    seen.add(path)
    return Buffer.concat([encodeName(path), Buffer.of(0)])
  }
}
