import {
  decodeItem,
  emptyCounts,
  encodeItem,
  type Item,
  isCoreError,
  isRootItem,
  type Job,
  makeId,
  type Part,
  type RunStatus,
  type SampleCounts,
} from '@cachewarmer/core'
import { type Clock, isQueueError, type Logger, orIfAbsent, type Queue, type QueueErrorCode } from '@cachewarmer/queue'
import { isWalkError, type Mount, measureReads, type Walk, type WalkOptions, walk } from '@cachewarmer/walker'
import { keepPoison } from '../../poison.ts'
import type { MountPool, OpenedMounts } from '../access/mount-pool.ts'
import type { WorkerPorts, WorkerSettings } from '../ports.ts'
import { hasCeilings, isAdmitted, type ReadLimits, type RunCeilings } from '../runs/limits.ts'
import type { RunDirectory } from '../runs/run-directory.ts'
import type { HeldItem, RunShares } from '../runs/work-source.ts'
import { Attempt, countsOf } from './attempt.ts'
import type { Heartbeats } from './heartbeats.ts'
import { RunOverError, superviseWalk } from './supervised-walk.ts'

/** What became of a message: gone, or visible again after a while. */
export type Disposition = 'complete' | { giveBackMs: number }

export interface HeldMessage {
  readonly id: string
  readonly body: string
  readonly deliveries: number
}

export interface HandlerContext {
  readonly ports: WorkerPorts
  readonly settings: WorkerSettings
  readonly directory: RunDirectory
  readonly pool: MountPool
  readonly limits: ReadLimits
  readonly ceilings: RunCeilings
  readonly heartbeats: Heartbeats
  readonly shares: RunShares
  readonly stopTaking: AbortSignal
}

/** How long an item of a newer version, or of a filer that is away, waits for its next reader. */
const unknownVersionMs = 30_000
const filerAwayMs = 5_000
const strikeDelayMs = 2_000

/**
 * Works on one item to its end: walk, children, failures, result, in this order; `consume` then completes the lease.
 * Every failure on the way ends in exactly one of: given back, sent again with a strike, or reported as failed.
 */
export async function handleItem(
  message: HeldMessage,
  context: HandlerContext,
  held: { signal: AbortSignal; logger: Logger; slot: HeldItem },
): Promise<Disposition> {
  const { ports, settings } = context
  let item: Item
  try {
    item = decodeItem(message.body)
  } catch (error) {
    if (!isCoreError(error)) throw error
    if (error.code === 'VERSION_UNKNOWN') return { giveBackMs: unknownVersionMs }
    await poison(ports, settings, message, error.message, held.signal)
    return 'complete'
  }
  const attempt = new Attempt(ports, settings, item, makeId(ports.random))
  const logger = held.logger.child({ run: item.run, item: item.item, attempt: attempt.id })
  const handling = { message, item, attempt, context, logger, signal: held.signal, slot: held.slot }
  try {
    if (message.deliveries > settings.maxDeliveries) {
      return await giveUp(handling, `it was delivered ${message.deliveries} times and never reported`)
    }
    return await workOn(handling)
  } catch (error) {
    if (held.signal.aborted) throw error
    if (error instanceof RunOverError || isQueueError(error, 'QUEUE_NOT_FOUND')) {
      context.directory.forget(item.run)
      logger.debug('the run is over')
      return 'complete'
    }
    // A queue that is away says nothing about the item; one that refuses a message of ours says it every time.
    if (isQueueError(error) && !refusals.has(error.code)) throw error
    return strike(handling, error)
  }
}

const refusals: ReadonlySet<QueueErrorCode> = new Set(['BODY_TOO_LARGE', 'BODY_INVALID'])

interface Handling {
  readonly message: HeldMessage
  readonly item: Item
  readonly attempt: Attempt
  readonly context: HandlerContext
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly slot: HeldItem
}

async function workOn(handling: Handling): Promise<Disposition> {
  const { item, attempt, context, signal } = handling
  const { ports, settings, directory } = context
  const status = await directory.status(item.run, signal)
  if (status === undefined || status.state === 'ended' || status.job === null) throw new RunOverError(item.run)
  if (status.state === 'paused' || !isAdmitted(status, settings.name)) return { giveBackMs: 0 }
  const { job } = status
  const logger = handling.logger.child({ job: job.jobId ?? status.jobMessageId })
  const work = ports.service.queue(settings.prefix.runWork(item.run))
  using opened = await context.pool.openAll(job.addresses, job.exportPath, item.run)
  const { mounts, alive, failures } = opened
  const away = alive.filter(({ health }) => health?.alive === false)
  if (failures.length + away.length === mounts.length) {
    const reasons = [...failures.map(({ message }) => message), ...away.map(({ name }) => `${name} does not answer`)]
    const reason = reasons.join('; ')
    const mayComeBack = away.length > 0 || failures.some(({ code }) => code === 'MOUNT_DOWN' || code === 'TIMEOUT')
    if (!mayComeBack) return giveUp(handling, reason)
    await context.heartbeats.sendWaiting(
      status,
      { attempt, frontier: item.parts.length, noteOn: opened.noteOn },
      signal,
    )
    logger.warn('no address answers: the item waits', { reason })
    const again = encodeItemIfItFits(item)
    if (again === undefined) return { giveBackMs: filerAwayMs }
    // As a new message: how often it came says nothing against an item whose filer is away.
    await work.send(again, { delayMs: filerAwayMs, signal })
    return 'complete'
  }
  return walkItem(handling, { status, job, mounts, work, logger, noteOn: opened.noteOn })
}

interface WalkedItem {
  readonly status: RunStatus
  readonly job: Job
  readonly mounts: readonly Mount[]
  readonly work: Queue
  readonly logger: Logger
  readonly noteOn: OpenedMounts['noteOn']
}

async function walkItem(
  { item, attempt, context, signal, slot }: Handling,
  { status, job, mounts, work, logger, noteOn }: WalkedItem,
): Promise<Disposition> {
  const { ports } = context
  const halt = new AbortController()
  const held = context.ceilings.hold(status, mounts, halt.signal, context.limits)
  const walking = startWalk(held, { item, job, status }, context, signal)
  const ended = context.heartbeats.begin(attempt, walking.walk, noteOn)
  let measured: SampleCounts | undefined
  try {
    await superviseWalk(
      walking.walk,
      { ...context, work, run: item.run, attempt, item: slot, limited: hasCeilings(status), halt, logger },
      walking.signal,
    )
    const { sampled } = walking.walk
    if (sampled.length > 0 && !context.stopTaking.aborted)
      measured = await measureReads(mounts, sampled, { clock: ports.clock, signal })
  } catch (error) {
    walking.abort(error)
    throw error
  } finally {
    ended()
  }
  const { wantsLatencies: latencies, wantsHeartbeats: bytesFound, wantsReach: reach } = status
  const counts = countsOf(walking.walk, { sample: measured, latencies, bytesFound, reach })
  await attempt.sendResult({ outcome: 'read', counts, voidScopes: walking.walk.voidScopes() }, signal)
  logger.debug('item done', { files: walking.walk.counters.files, elapsedMs: attempt.elapsedMs })
  return 'complete'
}

interface Walking {
  readonly walk: Walk
  readonly signal: AbortSignal
  abort(reason: unknown): void
}

function startWalk(
  mounts: readonly Mount[],
  { item, job, status }: { readonly item: Item; readonly job: Job; readonly status: RunStatus },
  context: HandlerContext,
  signal: AbortSignal,
): Walking {
  const own = new AbortController()
  const joined = AbortSignal.any([signal, own.signal])
  const { limits, settings } = context
  const started = walk(mounts, {
    parts: item.parts,
    headBytes: job.headBytes ?? Number.POSITIVE_INFINITY,
    ...whatFor(job),
    sampleFiles: isRootItem(item.item) ? (status.sampleFiles ?? 0) : 0,
    symlinks: job.symlinks,
    // Parts of an item are split from one tree, in no order: no file need wait for the listing of another part.
    order: 'any',
    filter: context.directory.filter(item.run, job),
    // A limit that an address brings bounds what is in flight through it; the walk must leave room for all of them.
    concurrency: settings.concurrency * Math.max(1, mounts.filter(({ limiter }) => limiter !== undefined).length),
    entries: 'none',
    limiterFor: (mount) => limits.of(mount),
    clock: context.ports.clock,
    signal: joined,
  })
  return { walk: started, signal: joined, abort: (reason) => own.abort(reason) }
}

/** An estimate needs each name once; metadata has to go through each address as data does. */
function whatFor({ mode, through }: Job): Pick<WalkOptions, 'read' | 'through' | 'listThrough'> {
  if (mode === 'data') return { read: true, through }
  if (mode === 'estimate') return { read: false, through: 'spread', listThrough: 'one' }
  return { read: false, through, listThrough: through === 'each' ? 'each' : 'one' }
}

/** Sent again as a new message with one strike more; after a few strikes given up. */
async function strike(handling: Handling, error: unknown): Promise<Disposition> {
  const { item, context, logger, signal } = handling
  const strikes = item.strikes + 1
  const reason = isWalkError(error) || error instanceof Error ? error.message : String(error)
  logger.warn('the item failed', { strikes, error: reason })
  const again = strikes < context.settings.maxStrikes ? encodeItemIfItFits({ ...item, strikes }) : undefined
  if (again === undefined) return giveUp(handling, reason)
  await context.ports.service
    .queue(context.settings.prefix.runWork(item.run))
    .send(again, { delayMs: strikeDelayMs * strikes, signal })
  return 'complete'
}

/** Undefined for an item of a foreign program that fits a message as UTF-8 alone, not with our escapes. */
function encodeItemIfItFits(item: Item): string | undefined {
  try {
    return encodeItem(item)
  } catch (error) {
    if (!isCoreError(error) || error.code !== 'TOO_LARGE') throw error
    return undefined
  }
}

/** The item counts as unread: the ledger hears it, a copy stays in the poison queue, and the run continues. */
async function giveUp(handling: Handling, reason: string): Promise<Disposition> {
  const { message, item, context, signal, logger } = handling
  logger.error('the item is given up as unread', { reason })
  // A new attempt: children and failures of the one that failed must not be announced by this result.
  const last = new Attempt(context.ports, context.settings, item, makeId(context.ports.random))
  const unread = item.parts.flatMap(pathsOf).map((path) => ({ path, code: 'UNREAD' as const, message: reason }))
  await poison(context.ports, context.settings, message, reason, signal)
  await last.sendFailures(unread, signal)
  const counts = { ...emptyCounts(), failures: { UNREAD: unread.length } }
  await last.sendResult({ outcome: 'failed', error: reason, counts, voidScopes: [] }, signal)
  return 'complete'
}

/** Each file by its own name, so that a retry can ask for just that. */
function pathsOf(part: Part): string[] {
  if (part.kind !== 'files') return [part.path]
  const below = part.directory === '/' ? '/' : `${part.directory}/`
  return part.names.map((name) => `${below}${name}`)
}

/** Keeps what can't be worked on, with the reason, where people look for it. */
export function poison(
  ports: { readonly service: WorkerPorts['service']; readonly clock: Clock },
  settings: Pick<WorkerSettings, 'prefix' | 'name'>,
  message: HeldMessage,
  reason: string,
  signal: AbortSignal,
): Promise<void> {
  // Our manager makes this queue; without it, the note would have no reader.
  return orIfAbsent(keepPoison(ports, settings, { reason, body: message.body }, signal), undefined)
}
