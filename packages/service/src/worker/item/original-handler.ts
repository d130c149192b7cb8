import {
  compileFilter,
  decodeLegacyWork,
  fromWire,
  isCoreError,
  type LegacyWork,
  legacyHolds,
  legacyLargeFileBytes,
} from '@cachewarmer/core'
import type { Logger } from '@cachewarmer/queue'
import { type WalkFilter, type WalkPart, walk } from '@cachewarmer/walker'
import { type Disposition, type HandlerContext, type HeldMessage, poison } from './item-handler.ts'

const retryMs = 10_000
const deliveriesAtMost = 5

/**
 * Works on a message of the original's manager. It has no ledger and no reports: the message is
 * completed once everything was read, given back where something failed, and put into the poison queue, with the
 * reasons, when it failed again and again.
 */
export async function handleOriginalWork(
  message: HeldMessage,
  context: HandlerContext,
  held: { signal: AbortSignal; logger: Logger },
): Promise<Disposition> {
  let work: LegacyWork
  try {
    work = decodeLegacyWork(message.body)
  } catch (error) {
    if (!isCoreError(error)) throw error
    await poison(context.ports, context.settings, message, error.message, held.signal)
    return 'complete'
  }
  using opened = await context.pool.openAll(work.addresses, work.exportPath)
  const { alive, failures } = opened
  const problems = alive.length === 0 ? failures.map(({ message: text }) => text) : await readAll().catch(problemOf)
  if (problems.length === 0) return 'complete'
  held.logger.warn("a message of the original's manager failed", { path: work.path, problems: problems.slice(0, 5) })
  if (message.deliveries < deliveriesAtMost) return { giveBackMs: retryMs }
  await poison(context.ports, context.settings, message, problems.slice(0, 20).join('; '), held.signal)
  return 'complete'

  function problemOf(error: unknown): string[] {
    if (held.signal.aborted) throw error
    return [String(error)]
  }

  async function readAll(): Promise<string[]> {
    // Like the original, each file is read through one address; unlike it, a dead one takes nothing down.
    const reading = walk(alive, {
      parts: [partOf(work)],
      headBytes: Number.POSITIVE_INFINITY,
      through: 'spread',
      symlinks: 'files',
      filter: filterOf(work),
      concurrency: context.settings.concurrency,
      entries: 'none',
      limiterFor: (mount) => context.limits.of(mount),
      clock: context.ports.clock,
      signal: held.signal,
    })
    await reading.done
    return reading.takeFailures().map(({ path, code, message: text }) => `${path}: ${code} ${text}`)
  }
}

function partOf(work: LegacyWork): WalkPart {
  if (work.from === undefined || work.to === undefined) return { kind: 'tree', path: work.path }
  return { kind: 'range', path: work.path, offset: work.from, length: work.to - work.from, ordinal: 0 }
}

/** A message names the files of one directory: its manager sends one for each directory below. */
function filterOf(work: LegacyWork): WalkFilter {
  const whole = work.shape === 'file' || work.shape === 'chunk'
  const wanted = compileFilter({ ...work, excludeDirectories: [], minFileSizeBytes: 0 })
  return {
    file: (path, name) => whole || (legacyHolds(work, name) && wanted.file(path, name)),
    size: (bytes) => whole || (bytes < legacyLargeFileBytes && wanted.size(bytes)),
    modified: () => true,
    needsAttributes: !whole,
    directory: (path) => path === work.path,
  }
}

/** Tells the original's messages, which carry no version, from ours. */
export function isOriginalWork(text: string): boolean {
  try {
    const value = fromWire(text)
    return (
      typeof value === 'object' &&
      value !== null &&
      !('v' in value) &&
      Object.keys(value).some((key) => key.toLowerCase() === 'warmtargetpath')
    )
  } catch {
    return false
  }
}
