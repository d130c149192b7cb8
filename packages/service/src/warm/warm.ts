import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunStatus } from '@cachewarmer/core'
import { type QueueService, steadyClock, systemClock } from '@cachewarmer/queue'
import {
  type Environment,
  endCode,
  exitCode,
  type Files,
  openLogger,
  openQueues,
  type Shutdown,
  systemRandom,
  UsageError,
} from '../cli/index.ts'
import { localFleet, openLedger, runManager, StatusStore, workerEnvironment } from '../manager/index.ts'
import { renderReport, reportJson } from '../report/index.ts'
import { reportPage } from '../report/page/index.ts'
import { type ProgressStream, progressView, submitJob, submitWithList, watchJob } from '../submit/index.ts'
import { readRequests, type WarmPlan, type WarmRequest } from './requests.ts'
import { makeSampleScene } from './sample-scene.ts'

/** The program around a one-shot warm-up. */
export interface WarmPorts {
  readonly stdout: { write(text: string): unknown }
  readonly stderr: ProgressStream
  readonly environment: Environment
  readonly files: Files
  readonly shutdown: Shutdown
  /** The command line of a worker with these arguments. */
  workerCommand(args: readonly string[]): readonly [string, ...string[]]
}

export interface WarmOptions extends WarmPlan {
  /** Worker processes at most. */
  readonly workers: number
  /** Reads in flight in each worker. */
  readonly concurrency: number
  /** File for the report as a page. Of one job alone. */
  readonly report?: string | undefined
  /** Print the report as JSON. */
  readonly json: boolean
  /** Log every step. */
  readonly debug: boolean
}

const prefix = 'warm'
const lookMs = 250

/**
 * One warm-up from nothing: a queue, a ledger and links to the folders in a temporary place, then the same road as the
 * service takes, with a manager and worker processes. Nothing is left behind. Without paths and mounts it warms a sample
 * scene. Returns an exit code. Throws `UsageError`, and what `readJob` throws.
 */
export async function warm(ports: WarmPorts, options: WarmOptions): Promise<number> {
  const place = await mkdtemp(join(tmpdir(), 'cachewarmer-'))
  try {
    const mounts = join(place, 'mounts')
    const { paths, mounts: named, job } = options
    const isSample = paths.length + named.length === 0 && job.filesFrom === undefined && job.manifest === undefined
    const plan = isSample ? await samplePlan(ports, place, options) : options
    const requests = await readRequests(mounts, plan, ports.files)
    if (options.report !== undefined) await makeReportFile(options.report, requests.length)
    return await run(ports, place, `${mounts}/{address}{export}`, requests, options)
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

async function samplePlan({ stderr }: WarmPorts, place: string, { job }: WarmPlan): Promise<WarmPlan> {
  const scene = join(place, 'scene')
  stderr.write('No folder was named: a sample scene is made, and warmed through three mounts.\n')
  await makeSampleScene(scene)
  return { paths: ['/'], mounts: [scene, scene, scene], job: { ...job, export: '/' } }
}

/** Made, empty, before anything is read: a report that can't be written is refused at once, not after hours. */
async function makeReportFile(file: string, jobs: number): Promise<void> {
  if (jobs > 1)
    throw new UsageError(`--report covers one job, but ${jobs} folders were given: pass one folder or drop --report`)
  await writeFile(file, '').catch((error: unknown) => {
    throw new UsageError(`--report ${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  })
}

async function run(
  ports: WarmPorts,
  place: string,
  folder: string,
  requests: readonly WarmRequest[],
  options: WarmOptions,
): Promise<number> {
  const { stopTaking } = ports.shutdown
  const logger = openLogger({ level: options.debug ? 'debug' : 'error', name: 'cachewarmer-manager' })
  const queue = `sqlite:${join(place, 'queue.db')}`
  const queues = await openQueues({ queue, queueNamePrefix: prefix }, {}, systemClock)
  const ledger = openLedger(join(place, 'ledger.db'))
  const fleet = localFleet({
    command: ports.workerCommand(
      Object.entries({ queue, 'queue-name-prefix': prefix, folder, concurrency: options.concurrency })
        .flatMap(([option, value]) => [`--${option}`, String(value)])
        // The folders are links that this program made, in a folder of its own.
        .concat('--folder-links', options.debug ? '--debug' : '--quiet'),
    ),
    environment: workerEnvironment({ queue }, ports.environment),
    clock: steadyClock,
    logger,
  })
  const store = new StatusStore({ clock: steadyClock, fleet, ledger }, { name: 'warm', prefix, steering: false })
  const stop = new AbortController()
  const signal = AbortSignal.any([stop.signal, stopTaking])
  const managing = runManager(
    { service: queues.service, clock: steadyClock, random: systemRandom, logger, ledger, fleet, observer: store },
    { prefix, maxWorkers: options.workers, statusMs: lookMs },
    { stop: signal },
  )
  try {
    const watching = warmAll({ ports, options, service: queues.service, store, signal }, requests)
    // A manager that fails ends the wait for it.
    return await Promise.race([watching, managing.then(() => exitCode.interrupted)])
  } catch (error) {
    if (!stopTaking.aborted) throw error
    ports.stderr.write('Interrupted: what was read is warm, the rest is not.\n')
    return exitCode.interrupted
  } finally {
    stop.abort(new Error('the warm-up is over'))
    await managing.catch(() => undefined)
    ledger.close()
    await queues.close()
  }
}

/** A one-shot under way. */
interface Warming {
  readonly ports: WarmPorts
  readonly options: WarmOptions
  readonly service: QueueService
  readonly store: StatusStore
  readonly signal: AbortSignal
}

async function warmAll(warming: Warming, requests: readonly WarmRequest[]): Promise<number> {
  const { ports, options } = warming
  const ids: string[] = []
  for (const request of requests) ids.push(await send(warming, request))
  const reports: RunStatus[] = []
  for (const [at, messageId] of ids.entries())
    reports.push(await watch(warming, messageId, requests[at]?.target.shown ?? messageId))
  const [only, ...others] = reports.map(reportJson)
  if (options.json)
    ports.stdout.write(`${JSON.stringify(others.length === 0 ? only : [only, ...others], undefined, 2)}\n`)
  return Math.max(...reports.map(endCode))
}

/** Gives the id of the job's message. */
async function send({ ports, service, signal }: Warming, { job, warnings, listed }: WarmRequest): Promise<string> {
  for (const warning of warnings) ports.stderr.write(`warning: ${warning}\n`)
  const how = { random: systemRandom, signal }
  const sent = listed
    ? submitWithList(service, prefix, job, { ...how, listed: listed() })
    : submitJob(service, prefix, job, how)
  return (await sent).messageId
}

/** Shows a job until it has ended, then its report. */
async function watch(warming: Warming, messageId: string, shown: string): Promise<RunStatus> {
  const { ports, options, service, store, signal } = warming
  using view = progressView(ports.stderr)
  if (!options.json) view.note(`Warming ${shown}`)
  let last: RunStatus | undefined
  const how = { clock: steadyClock, intervalMs: lookMs, signal }
  for await (const status of watchJob(service, prefix, { messageId }, how)) {
    last = status
    if (!options.json) view.show(status)
  }
  view.end()
  if (last === undefined) throw new Error(`the run of ${shown} left no report`)
  const report = store.report(last.run)
  if (options.report !== undefined && report !== undefined) await writeFile(options.report, reportPage(report))
  if (!options.json) ports.stdout.write(`${renderReport(last)}\n`)
  return last
}
