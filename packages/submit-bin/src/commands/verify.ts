import { compileFilter, type Job, type LatencyHistogram, latencyHistogram, Prefix } from '@cachewarmer/core'
import {
  accessOptions,
  exitCode,
  isFileQueue,
  type JobSettings,
  openResolver,
  UsageError,
  wholeFrom,
  withJobOptions,
} from '@cachewarmer/service/cli'
import { plural } from '@cachewarmer/service/report'
import { findCandidates, type ListedPath, listOf, readJob, unknownTarget } from '@cachewarmer/service/submit'
import { isVerifyError, picture, verify, type Warmth } from '@cachewarmer/walker/verify'
import { type Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { type Act, openOutput, type Session, type Terminal, target, withSession } from '../session.ts'
import { renderWarmth } from './warmth.ts'

export const verifyCommand = (program: Pick<Command, 'command'>, act: Act) =>
  withJobOptions(
    program
      .command('verify')
      .description(
        'measure how much of a job, or of what the options say, a cache really holds: re-reads a random sample through each address, by NFSv3 itself, and compares latencies',
      )
      .argument('[job]', `${target}; without one the options describe what to look at, and no queue is needed`),
    { of: 'verify' },
  )
    .addOption(verifyOptions.sample)
    .addOption(verifyOptions.headBytes)
    .addOption(verifyOptions.require)
    .addOption(verifyOptions.picture)
    .addOption(verifyOptions.listSeconds)
    .addOption(verifyOptions.nfsPort)
    .addOption(verifyOptions.mountPort)
    .addOption(verifyOptions.allowAddress)
    .addOption(verifyOptions.nfsUid)
    .addOption(verifyOptions.nfsGid)
    .action((name, settings) =>
      act(async (terminal, global) => {
        const { json, queue } = global
        const how = { settings, terminal, json }
        if (name === undefined)
          return verifyWarmth({ ...(await describedJob(settings, terminal)), ...how, loopback: true })
        return withSession(terminal, global, async (session) =>
          verifyWarmth({ ...(await jobToVerify(session, name, settings)), ...how, loopback: isFileQueue(queue) }),
        )
      }),
    )

/** What those options give. */
interface VerifySettings {
  readonly sample: number
  readonly headBytes: number
  readonly require?: number | undefined
  readonly picture?: string | undefined
  readonly listSeconds: number
  readonly nfsPort?: number | undefined
  readonly mountPort?: number | undefined
  readonly allowAddress?: string | undefined
  readonly nfsUid: number
  readonly nfsGid: number
}

interface JobToVerify {
  readonly job: Job
  /** The list of paths that was warmed first. */
  readonly listed?: AsyncIterable<readonly ListedPath[]> | undefined
  /** The median latency of the run's own reads, at the slowest address. */
  readonly coldMs?: number | undefined
  /** What its reads of cold files took, by address; unknown for a run of an earlier version. */
  readonly coldReads?: ReadonlyMap<string, LatencyHistogram> | undefined
}

/** The job that goes by this name, from the status of its run. Its list went with the run, so it is named again. */
async function jobToVerify(
  { service, prefix, terminal }: Session,
  name: string,
  settings: JobSettings,
): Promise<JobToVerify> {
  const { jobs } = await findCandidates(service, new Prefix(prefix), name, { clock: terminal.clock })
  const [found] = jobs
  if (found === undefined) throw unknownTarget(name)
  const { status } = found
  if (status === undefined) throw new UsageError(`${name} waits for a manager: there is nothing to verify yet`)
  if (status.job === null) throw new UsageError(`${name} was refused: there is nothing to verify`)
  const listed = listOf(settings, [], terminal)
  if (status.job.list !== undefined && listed === undefined)
    throw new UsageError(
      `${name} had a list of ${plural(status.job.list.paths, 'path')}, which went with its run: name it with --files-from`,
    )
  const medians = status.mounts.flatMap(({ p50Ms }) => (p50Ms === undefined ? [] : [p50Ms]))
  const coldReads = Object.entries(status.progress.counts.mounts).flatMap(([address, { latencies }]) =>
    latencies === undefined ? [] : [[address, latencyHistogram(latencies)] as const],
  )
  return {
    job: status.job,
    listed: listed?.(),
    coldReads: new Map(coldReads),
    ...(medians.length === 0 ? {} : { coldMs: Math.max(...medians) }),
  }
}

/** The job that the options describe. What is measured is not what a job reads, so its head is left out. */
async function describedJob(settings: JobSettings, terminal: Terminal): Promise<JobToVerify> {
  const { job, listed } = await readJob({ ...settings, headBytes: undefined }, terminal)
  return { job, listed: listed?.() }
}

interface VerifyRun extends JobToVerify {
  readonly settings: VerifySettings
  /** Loopback addresses may be measured: the caller named them, or only users of this machine could. */
  readonly loopback: boolean
  readonly terminal: Terminal
  readonly json?: true | undefined
}

/** Measures what a job's cache holds, and prints it. With `--require` the exit code is 1 where it is not met, and where it can't be told. */
async function verifyWarmth({
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
      observer: { progressed: progress(terminal) },
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

/** `99%` or `0.99`, as a share. */
function share(text: string): number {
  const [, number = '', percent] = /^(\d+(?:\.\d+)?) ?(%?)$/.exec(text) ?? []
  const value = percent === '%' ? Number(number) / 100 : Number(number)
  if (number === '' || value <= 0 || value > 1) throw new InvalidArgumentError('Expected a share as 99% or 0.99.')
  return value
}

/** What `verify` takes besides a job, or what describes one. */
const verifyOptions = {
  sample: new Option('--sample <n>', 'files read through each address, no two addresses the same')
    .argParser(wholeFrom(1, 1_000_000))
    .default(3_500),
  headBytes: new Option('--head-bytes <n>', 'bytes read of each').argParser(wholeFrom(1, 1_048_576)).default(4_096),
  require: new Option(
    '--require <share>',
    'exit with 1 unless at least this share is warm for sure (the lower end of the interval), as 99%; also where it can not be told',
  ).argParser(share),
  picture: new Option('--picture <file>', 'write both distributions of each address as an SVG image'),
  listSeconds: new Option('--list-seconds <n>', 'time for listing the tree; what was listed by then is sampled')
    .argParser(wholeFrom(1, 86_400))
    .default(60),
  nfsPort: accessOptions.nfsPort,
  mountPort: accessOptions.mountPort,
  allowAddress: accessOptions.allowAddress,
  nfsUid: accessOptions.nfsUid,
  nfsGid: accessOptions.nfsGid,
}
