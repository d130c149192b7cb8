import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunStatus } from '@cachewarmer/core'
import type { QueueService } from '@cachewarmer/queue'
import {
  endCode,
  exitCode,
  onShutdown,
  openLogger,
  openQueues,
  steadyClock,
  systemClock,
  systemFiles,
  systemRandom,
  UsageError,
} from '@cachewarmer/service/cli'
import { Board, localFleet, openLedger, runManager, workerEnvironment } from '@cachewarmer/service/manager'
import { reportPage } from '@cachewarmer/service/page'
import {
  progressView,
  renderReport,
  reportJson,
  submitJob,
  submitWithList,
  watchJob,
} from '@cachewarmer/service/submit'
import type { WarmConfig } from '../config.ts'
import { workerCommand } from '../worker-command.ts'
import { checkListed, inside, readRequests, type WarmRequest } from './requests.ts'
import { makeSampleScene } from './sample-scene.ts'
import { layOutTargets, type Target } from './targets.ts'

const prefix = 'warm'
const lookMs = 250

/**
 * One warm-up from nothing: a queue, a ledger and links to the folders in a temporary place, then the same road as the
 * service takes, with a manager and worker processes. Nothing is left behind.
 */
export async function warm(paths: readonly string[], config: WarmConfig): Promise<number> {
  const place = await mkdtemp(join(tmpdir(), 'cachewarmer-'))
  try {
    const mounts = join(place, 'mounts')
    checkListed(config)
    const targets =
      paths.length === 0 && config.mount === undefined
        ? await sampleTargets(place, mounts)
        : await layOutTargets(mounts, inside(paths, config), config.mount ?? [], config.export)
    const requests = await readRequests(targets, config, systemFiles)
    if (config.report !== undefined) await makeReportFile(config.report, targets.length)
    return await run(place, `${mounts}/{address}{export}`, requests, config)
  } finally {
    // A list that was given up in its middle must not keep the program.
    if ([config.filesFrom, config.manifest, config.rules].includes('-')) process.stdin.destroy()
    await rm(place, { recursive: true, force: true })
  }
}

async function sampleTargets(place: string, mounts: string): Promise<Target[]> {
  const scene = join(place, 'scene')
  process.stderr.write('No folder was named: a sample scene is made, and warmed through three mounts.\n')
  await makeSampleScene(scene)
  return layOutTargets(mounts, ['/'], [scene, scene, scene])
}

async function run(
  place: string,
  folder: string,
  requests: readonly WarmRequest[],
  config: WarmConfig,
): Promise<number> {
  const logger = openLogger({ level: config.debug ? 'debug' : 'error', name: 'cachewarmer-manager' })
  const queue = `sqlite:${join(place, 'queue.db')}`
  const shutdown = onShutdown({ drainMs: 10_000 })
  const queues = await openQueues({ queue, queueNamePrefix: prefix }, {}, systemClock)
  const ledger = openLedger(join(place, 'ledger.db'))
  const args = [
    '--queue',
    queue,
    '--queue-name-prefix',
    prefix,
    '--folder',
    folder,
    // They are links that this program made, in a folder of its own.
    '--folder-links',
    '--concurrency',
    String(config.concurrency),
  ]
  const fleet = localFleet({
    command: workerCommand(process.execPath, config.debug ? [...args, '--debug'] : [...args, '--quiet']),
    environment: workerEnvironment({ queue }, process.env),
    clock: steadyClock,
    logger,
  })
  const board = new Board({ clock: steadyClock, fleet, ledger }, { name: 'warm', prefix, steering: false })
  const stop = new AbortController()
  const managing = runManager(
    { service: queues.service, clock: steadyClock, random: systemRandom, logger, ledger, fleet, observer: board },
    { prefix, maxWorkers: config.workers, statusMs: lookMs },
    { stop: AbortSignal.any([stop.signal, shutdown.stopTaking]) },
  )
  try {
    const signal = AbortSignal.any([stop.signal, shutdown.stopTaking])
    const watching = warmAll(queues.service, requests, config, board, signal)
    // A manager that fails ends the wait for it.
    return await Promise.race([watching, managing.then(() => exitCode.interrupted)])
  } catch (error) {
    if (!shutdown.stopTaking.aborted) throw error
    process.stderr.write('Interrupted: what was read is warm, the rest is not.\n')
    return exitCode.interrupted
  } finally {
    stop.abort(new Error('the warm-up is over'))
    await managing.catch(() => undefined)
    ledger.close()
    await queues.close()
  }
}

/** Made, empty, before anything is read: nobody is to wait for a report that can't be written. */
async function makeReportFile(file: string, jobs: number): Promise<void> {
  if (jobs > 1) throw new UsageError(`--report: it is of one job, and ${jobs} folders are as many jobs`)
  await writeFile(file, '').catch((error: unknown) => {
    throw new UsageError(`--report ${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  })
}

async function warmAll(
  service: QueueService,
  requests: readonly WarmRequest[],
  config: WarmConfig,
  board: Board,
  signal: AbortSignal,
): Promise<number> {
  const jobs: { target: Target; messageId: string }[] = []
  for (const { target, job, warnings, listed } of requests) {
    for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`)
    const options = { random: systemRandom, signal }
    const { messageId } =
      listed === undefined
        ? await submitJob(service, prefix, job, options)
        : await submitWithList(service, prefix, job, { ...options, listed: listed() })
    jobs.push({ target, messageId })
  }
  const reports: RunStatus[] = []
  for (const { target, messageId } of jobs) {
    using view = progressView(process.stderr)
    if (!config.json) view.note(`Warming ${target.shown}`)
    let last: RunStatus | undefined
    for await (const status of watchJob(
      service,
      prefix,
      { messageId },
      { clock: steadyClock, intervalMs: lookMs, signal },
    )) {
      last = status
      if (!config.json) view.show(status)
    }
    view.end()
    if (last === undefined) throw new Error(`the run of ${target.shown} left no report`)
    reports.push(last)
    const report = board.report(last.run)
    if (config.report !== undefined && report !== undefined) await writeFile(config.report, reportPage(report))
    if (!config.json) process.stdout.write(`${renderReport(last)}\n`)
  }
  if (config.json)
    process.stdout.write(
      `${JSON.stringify(reports.length === 1 ? reportJson(reports[0] as RunStatus) : reports.map(reportJson), undefined, 2)}\n`,
    )
  return Math.max(...reports.map(endCode))
}
