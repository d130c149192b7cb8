import { compileFilter } from '@cachewarmer/core'
import { exitCode, openResolver, UsageError } from '@cachewarmer/service/cli'
import { isVerifyError, picture, verify, type Warmth } from '@cachewarmer/walker/verify'
import type { Terminal } from '../terminal.ts'
import { openOutput } from '../terminal.ts'
import type { JobToVerify } from './job-to-verify.ts'
import type { VerifySettings } from './options.ts'
import { renderWarmth } from './render.ts'

export interface VerifyRun extends JobToVerify {
  readonly settings: VerifySettings
  /** Loopback addresses may be measured: whoever asks named them, or only users of this machine could. */
  readonly loopback: boolean
  readonly terminal: Terminal
  readonly json?: true | undefined
}

/** Measures what a job's cache holds, and prints it. With `--require` the exit code is 1 where it is not met, and where it can't be told. */
export async function verifyWarmth({
  job,
  listed,
  settings,
  loopback,
  terminal,
  json,
  coldMs,
  coldReads,
}: VerifyRun): Promise<number> {
  const output = openOutput(terminal, { json })
  using shutdown = terminal.listen()
  let warmth: Warmth
  try {
    warmth = await verify({
      addresses: job.addresses,
      exportPath: job.exportPath,
      paths: job.paths,
      listed,
      filter: compileFilter(job),
      sample: settings.sample,
      headBytes: settings.headBytes,
      listMs: settings.listSeconds * 1_000,
      coldMs,
      coldReads,
      nfs: {
        nfsPort: settings.nfsPort,
        mountPort: settings.mountPort,
        uid: settings.nfsUid,
        gid: settings.nfsGid,
        resolve: openResolver({ loopback, allowed: settings.allowAddress }),
      },
      random: terminal.random,
      onProgress: progress(terminal),
      signal: shutdown.stopTaking,
    })
  } catch (error) {
    if (shutdown.stopTaking.aborted) return exitCode.interrupted
    if (!isVerifyError(error)) throw error
    if (error.code === 'OPTION_INVALID') throw new UsageError(error.message, { cause: error })
    output.note(`cachewarmer-submit: ${error.message}`)
    return error.code === 'UNREACHABLE' ? exitCode.unavailable : exitCode.failed
  }
  if (settings.picture !== undefined) await terminal.writeFile(settings.picture, picture(warmth))
  output.result(renderWarmth(warmth), warmth)
  const met = settings.require === undefined || (warmth.whole.conclusive && warmth.whole.low >= settings.require)
  return met ? exitCode.ok : exitCode.failed
}

/** A line that is written over on a terminal; nothing in a log, where it takes seconds. */
function progress({ stderr }: Terminal): ((done: number, of: number) => void) | undefined {
  if (!stderr.isTTY) return undefined
  return (done, of) => {
    if (done % 50 === 0) stderr.write(`\r${done.toLocaleString('en-US')} of ${of.toLocaleString('en-US')} files`)
    if (done === of) stderr.write('\r\u001b[K')
  }
}
