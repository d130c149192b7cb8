import { decodeJob, decodeStatus, isCoreError, type RunStatus } from '@cachewarmer/core'
import { isQueueError, orIfAbsent } from '@cachewarmer/queue'
import pLimit from 'p-limit'
import type { RunRecord } from '../ledger/ledger.ts'
import { type ManagerPorts, type ManagerSettings, wallMs } from '../ports.ts'

/**
 * The ledger that knew an earlier run of this job is lost, or another manager's: its queues go, so that workers and
 * watchers turn to the current run. What was read is warm already, which makes doing it again cheap.
 * Where `ours` is given, it is left as it is, and said whether it still stands or was itself retired by another manager.
 */
export async function retireRunsOfJob(
  ports: ManagerPorts,
  settings: ManagerSettings,
  jobMessageId: string,
  ours?: string,
): Promise<'stands' | 'retired'> {
  const runs = await runsWith(ports, settings, settings.prefix.runStatus(''))
  // What this ledger has ended is no run of a job that is under way: thousands of them may be kept.
  const open = [...runs].filter((run) => run !== ours && !isEnded(ports.ledger.run(run)))
  for (const { run, status } of await statusesOf(ports, settings, open)) {
    if (status?.jobMessageId !== jobMessageId || status.state === 'ended') continue
    await removeRunQueues(ports, settings, run)
    await ports.service.delete(settings.prefix.runStatus(run))
  }
  return ours !== undefined && runs.has(ours) ? 'stands' : 'retired'
}

/** A wall clock that is wrong by hours, or was when a run ended, makes nothing look too old: it may stay a day longer. */
const graceMs = 86_400_000

/** How many of the ledger's runs are looked at for some that have no job any more. */
const runsBack = 1_000

/** Runs that no manager seems to have, with the time of the status that they had when they were seen. */
export type Strays = Map<string, number | undefined>

/**
 * Removes what ended long ago, and work queues whose run has ended. Done at a leader's start and now and then. `strays`
 * holds from one time to the next which runs have queues and no status, or one that was not written since, and are
 * none of this ledger, or of a job that is gone: a manager made them that did not know yet that its run was retired.
 * They go when they are seen again; where that was wrong, their job is begun anew. `jobs` are the message ids of every
 * job there is, where that is known.
 */
export async function cleanUp(
  ports: ManagerPorts,
  settings: ManagerSettings,
  strays: Strays,
  jobs: ReadonlySet<string> | undefined,
): Promise<void> {
  const { ledger } = ports
  const before = wallMs(ports) - settings.retainMs - graceMs
  const { prefix } = settings
  const kept = await runsWith(ports, settings, prefix.runStatus(''))
  const queued = await runsWith(ports, settings, prefix.runWork(''), prefix.runResults(''))
  const records = new Map([...kept].map((run) => [run, ledger.run(run)]))
  const unknown = [...kept].filter((run) => !isEnded(records.get(run)))
  const seen = new Map((await statusesOf(ports, settings, unknown)).map(({ run, status }) => [run, status]))
  for (const run of kept) {
    const record = records.get(run)
    const status = seen.get(run)
    const endedAtMs = isEnded(record) ? record.endedAtMs : status?.state === 'ended' ? endOf(status) : undefined
    if (endedAtMs === undefined) continue
    const old = endedAtMs < before
    if (queued.has(run) && (old || isEnded(record))) await removeRunQueues(ports, settings, run)
    if (old) await ports.service.delete(prefix.runStatus(run))
  }
  ledger.forgetBefore(before)
  await removeStrays(ports, settings, strays, { jobs, queued })
}

const isEnded = (record: RunRecord | undefined): record is RunRecord => record?.outcome !== undefined

const endOf = ({ endedAtMs, updatedAtMs }: RunStatus): number => endedAtMs ?? updatedAtMs

async function removeStrays(
  ports: ManagerPorts,
  settings: ManagerSettings,
  strays: Strays,
  { jobs, queued }: { readonly jobs: ReadonlySet<string> | undefined; readonly queued: ReadonlySet<string> },
): Promise<void> {
  const { clock, ledger, service } = ports
  const { prefix } = settings
  const isOpen = (record: RunRecord | undefined): record is RunRecord =>
    record !== undefined && record.outcome === undefined
  const candidates = [...queued]
  // Runs of the ledger that have nothing left, as after the queues were made anew.
  if (jobs !== undefined)
    for (const record of ledger.recentRuns(runsBack))
      if (isOpen(record) && !jobs.has(record.jobMessageId)) candidates.push(record.run)
  // Asked for last, so that a run that is begun meanwhile is none.
  const found = straysAmong(candidates, await statusesOf(ports, settings, candidates), (run) => {
    const record = ledger.run(run)
    return isOpen(record) && (jobs === undefined || jobs.has(record.jobMessageId))
  })
  for (const [run, updatedAtMs] of found) {
    if (!strays.has(run) || strays.get(run) !== updatedAtMs) continue
    await removeRunQueues(ports, settings, run)
    if (updatedAtMs !== undefined) await service.delete(prefix.runStatus(run))
    // Of a job that another manager ended meanwhile.
    if (isOpen(ledger.run(run))) ledger.endRun(run, 'lost', clock.now())
  }
  strays.clear()
  for (const [run, updatedAtMs] of found) strays.set(run, updatedAtMs)
}

/** Those of the runs that are not under way in this ledger, with the time of their status. */
function straysAmong(
  runs: readonly string[],
  statuses: readonly SeenStatus[],
  isUnderWay: (run: string) => boolean,
): Strays {
  const found: Strays = new Map(runs.map((run) => [run, undefined]))
  for (const { run, status } of statuses) {
    if (isUnderWay(run)) found.delete(run)
    else if (status !== undefined && found.has(run)) found.set(run, status.updatedAtMs)
  }
  return found
}

interface SeenStatus {
  readonly run: string
  readonly status: RunStatus | undefined
}

/** Runs that have a queue of these kinds. */
async function runsWith(
  ports: ManagerPorts,
  { prefix }: ManagerSettings,
  ...kinds: readonly string[]
): Promise<Set<string>> {
  const runs = new Set<string>()
  for (const kind of kinds)
    for (const name of await ports.service.list(kind)) {
      const run = prefix.runOf(name)
      if (run !== undefined) runs.add(run)
    }
  return runs
}

/** Peeks at a time: thousands of runs are kept for days. */
const peeksAtOnce = 16

async function statusesOf(
  { service }: ManagerPorts,
  { prefix }: ManagerSettings,
  runs: readonly string[],
): Promise<SeenStatus[]> {
  const seen = await pLimit(peeksAtOnce).map(runs, async (run) => {
    try {
      const [message] = await service.queue(prefix.runStatus(run)).peek({ max: 1 })
      return { run, status: message === undefined ? undefined : decodeStatus(message.body) }
    } catch (error) {
      // Gone since it was listed, or written by a version that knows better what to do with it.
      if (!isCoreError(error) && !isQueueError(error, 'QUEUE_NOT_FOUND')) throw error
      return undefined
    }
  })
  return seen.filter((one) => one !== undefined)
}

/** Ends the work of a run: workers that find its queues deleted stop. Its status stays, to be looked up. */
export async function removeRunQueues(ports: ManagerPorts, settings: ManagerSettings, run: string): Promise<void> {
  const { prefix } = settings
  for (const name of [prefix.runWork(run), prefix.runResults(run)]) await ports.service.delete(name)
}

interface Seen {
  readonly depth: number
  readonly sinceMs: number
}

/** A list that no job names and that has not changed for this long was left by a submitter that died. */
const abandonedAfterMs = 24 * 3_600_000

/**
 * Looks for queues of lists that belong to no job, and removes them when they stayed the same for a day: a submitter may
 * take hours to send a list, and a job may wait for days. Call it now and then, with the lists that known jobs need.
 */
export function listSweep(
  ports: ManagerPorts,
  { prefix }: ManagerSettings,
): (needed: ReadonlySet<string>) => Promise<void> {
  const { service, clock, logger } = ports
  let seen = new Map<string, Seen>()
  return async (needed) => {
    const now = clock.now()
    const still = new Map<string, Seen>()
    for (const name of await service.list(prefix.list(''))) {
      if (prefix.listOf(name) === undefined || needed.has(name)) continue
      const depth = await orIfAbsent(service.queue(name).approximateDepth(), undefined)
      if (depth === undefined) continue
      const before = seen.get(name)
      const state = before?.depth === depth ? before : { depth, sinceMs: now }
      if (now - state.sinceMs >= abandonedAfterMs) {
        logger.warn('a list that no job names is removed', { queue: name, chunks: depth })
        await service.delete(name)
      } else still.set(name, state)
    }
    seen = still
  }
}

export interface JobsInSight {
  readonly messageIds: ReadonlySet<string>
  /** Queues of the lists that they bring along. */
  readonly lists: ReadonlySet<string>
}

/** Every job that runs here or waits; undefined where more wait than can be seen, or another manager has one. */
export async function jobsInSight(
  ports: ManagerPorts,
  settings: ManagerSettings,
  runs: readonly { readonly record: RunRecord }[],
): Promise<JobsInSight | undefined> {
  const { prefix } = settings
  const queue = ports.service.queue(prefix.job)
  const { maxPeek } = ports.service.limits
  const waiting = await queue.peek({ max: maxPeek })
  const messageIds = new Set([...waiting.map(({ id }) => id), ...runs.map(({ record }) => record.jobMessageId)])
  if (waiting.length === maxPeek || (await queue.approximateDepth()) > messageIds.size) return undefined
  const lists = new Set<string>()
  for (const { record } of runs) if (record.job.list !== undefined) lists.add(prefix.list(record.job.list.id))
  for (const { body } of waiting) {
    const listed = listedJob(body)
    if (listed !== undefined) lists.add(prefix.list(listed.list))
  }
  return { messageIds, lists }
}

/** The list that a job brings along, and the job's label. */
export interface ListedJob {
  readonly list: string
  readonly label: string | undefined
}

/** `undefined` for a job without a list. A job that can't be read needs none: it will be refused. */
export function listedJob(body: string): ListedJob | undefined {
  try {
    const { job } = decodeJob(body)
    return job.list && { list: job.list.id, label: job.jobId }
  } catch (error) {
    if (isCoreError(error)) return undefined
    throw error
  }
}
