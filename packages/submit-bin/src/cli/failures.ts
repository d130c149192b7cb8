import { type Failure, toWire } from '@cachewarmer/core'
import { encodeName } from '@cachewarmer/nfs'
import { exitCode } from '@cachewarmer/service/cli'
import { plural, printable } from '@cachewarmer/service/report'
import { findRun, listFailures } from '@cachewarmer/service/submit'
import type { Session } from './session.ts'

export interface FailuresSettings {
  readonly out?: string | undefined
  readonly null?: true | undefined
}

/** What a failure is written as. */
type Form = (failure: Failure) => Uint8Array

/** Every path that failed, with cause and address: for people, for programs, or as bytes that a path list takes. */
export async function failures(
  session: Session,
  target: string,
  { out, null: nul }: FailuresSettings,
  json: boolean,
): Promise<number> {
  const { service, prefix, output, terminal } = session
  using shutdown = terminal.listen()
  const options = { clock: terminal.clock, random: terminal.random, signal: shutdown.stopTaking }
  const { run, state } = await findRun(service, prefix, target, options)
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
