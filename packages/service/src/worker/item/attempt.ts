import {
  addCounts,
  type Counts,
  divide,
  emptyCounts,
  encodeItem,
  encodeResult,
  failureParts,
  type Item,
  type ItemResult,
  type LevelCounts,
  type MountCounts,
  type MountState,
  noteOf,
  type Part,
  type SampleCounts,
  unitsOf,
} from '@cachewarmer/core'
import type { Queue } from '@cachewarmer/queue'
import type { LevelCounters, MountFigures, TakenPart, Walk, WalkPart } from '@cachewarmer/walker'
import type { WorkerPorts, WorkerSettings } from '../ports.ts'

/** A walk's failure, or what an item that was given up leaves unread. */
export interface PathFailure {
  readonly path: string
  readonly mount?: string | undefined
  readonly code: string
  readonly message: string
}

/** Messages on their way at the same time: enough to hide the queue's latency, few enough for its limits. */
const sendsAtOnce = 16

/**
 * One try at an item, as the queues see it: children handed away, failures in parts, and at last the result.
 * Children are named by family and ordinal, so that those of an attempt that never reports are never counted.
 */
export class Attempt {
  readonly id: string
  readonly startedAtMs: number
  readonly #ports: WorkerPorts
  readonly #settings: WorkerSettings
  readonly #item: Item
  readonly #work: Queue
  readonly #results: Queue
  /** Children per family; the key is the walk's scope, or undefined for those that always count. */
  readonly #families = new Map<number | undefined, number>()
  #failureParts = 0

  constructor(ports: WorkerPorts, settings: WorkerSettings, item: Item, id: string) {
    this.id = id
    this.startedAtMs = ports.clock.now()
    this.#ports = ports
    this.#settings = settings
    this.#item = item
    this.#work = ports.service.queue(settings.prefix.runWork(item.run))
    this.#results = ports.service.queue(settings.prefix.runResults(item.run))
  }

  get run(): string {
    return this.#item.run
  }

  get item(): string {
    return this.#item.item
  }

  /** One of the paths that the item covers, for people who want to know what is done. */
  get path(): string {
    return pathOf(this.#item)
  }

  get elapsedMs(): number {
    return Math.max(0, this.#ports.clock.now() - this.startedAtMs)
  }

  /**
   * Sends parts as children, in about `ways` messages or as many as their size demands; scopes share those by what they
   * hold, and each has one of its own. Returns how many.
   */
  async handAway(parts: readonly TakenPart[], ways: number, signal: AbortSignal): Promise<number> {
    let sent = 0
    const scopes = new Map<number | undefined, Part[]>()
    for (const { part, scope } of parts) {
      const known = scopes.get(scope)
      if (known === undefined) scopes.set(scope, [messagePart(part)])
      else known.push(messagePart(part))
    }
    const units = unitsOf([...scopes.values()].flat())
    for (const [scope, scoped] of scopes) {
      const first = this.#families.get(scope) ?? 0
      const groups = divide(scoped, Math.ceil((ways * unitsOf(scoped)) / units) || 1)
      this.#families.set(scope, first + groups.length)
      sent += groups.length
      const family = this.#family(scope)
      await eachBounded(groups, async (group, at) => {
        const child: Item = { v: 1, run: this.#item.run, item: `${family}.${first + at}`, strikes: 0, parts: group }
        await this.#work.send(encodeItem(child), { signal })
      })
    }
    return sent
  }

  /** How many families of children its result will have to name. */
  get families(): number {
    return this.#families.size
  }

  async sendFailures(failures: readonly PathFailure[], signal: AbortSignal): Promise<void> {
    if (failures.length === 0) return
    const listed = failures.map(({ path, mount, code, message }) => ({
      path,
      ...(mount === undefined ? {} : { address: mount }),
      code,
      message,
    }))
    const parts = failureParts(this.#item.run, this.#item.item, this.id, listed)
    const first = this.#failureParts
    this.#failureParts += parts.length
    await eachBounded(parts, async (part, at) => {
      await this.#results.send(encodeResult({ ...part, part: first + at }), { signal })
    })
  }

  /** The last word of an attempt: only after it the lease may be completed. */
  async sendResult(
    outcome: Pick<ItemResult, 'outcome' | 'error'> & { counts: Counts; voidScopes: readonly number[] },
    signal: AbortSignal,
  ): Promise<void> {
    const { counts, voidScopes, ...rest } = outcome
    const children = [...this.#families]
      .filter(([scope]) => scope === undefined || !voidScopes.includes(scope))
      .map(([scope, count]) => ({ family: this.#family(scope), count }))
    const result: ItemResult = {
      v: 1,
      kind: 'result',
      run: this.#item.run,
      item: this.#item.item,
      attempt: this.id,
      worker: this.#settings.name,
      ...rest,
      children,
      failureParts: this.#failureParts,
      counts,
      elapsedMs: this.elapsedMs,
    }
    await this.#results.send(encodeResult(result), { signal })
  }

  #family(scope: number | undefined): string {
    return scope === undefined ? this.id : `${this.id}-s${scope}`
  }
}

function pathOf({ parts: [part] }: Item): string {
  if (part === undefined) return '/'
  return part.kind === 'files' ? part.directory : part.path
}

function messagePart(part: WalkPart): Part {
  if (part.kind === 'files') {
    const { listed, ...rest } = part
    return { ...rest, names: [...part.names], ...(listed ? { listed } : {}) }
  }
  if (part.kind !== 'range') return part
  const { length, ...rest } = part
  return length === undefined ? rest : { ...rest, length }
}

/** Runs an action over a list with a bounded number under way; the first failure is thrown once all have settled. */
async function eachBounded<T>(list: readonly T[], action: (element: T, at: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < list.length) {
      const at = next
      next += 1
      await action(list[at] as T, at)
    }
  }
  const settled = await Promise.allSettled(Array.from({ length: Math.min(sendsAtOnce, list.length) }, lane))
  for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason
}

/** Bins of latencies that a result has room for, all addresses together; that is 30 each for 64 of them. */
const mostBins = 2_000

/** Details of counts, where the manager asks for them. */
export interface CountsDetails {
  readonly sample?: SampleCounts | undefined
  /** How long reads took. */
  readonly latencies?: boolean | undefined
  /** How many bytes listings found. */
  readonly bytesFound?: boolean | undefined
  /** What brought the files, and what of it is in doubt. */
  readonly reach?: boolean | undefined
}

/** The walk's counters in the words of results: sums that are too large for a message stop where the ledger's do. */
export function countsOf(walk: Walk, details: CountsDetails = {}): Counts {
  const { sample, latencies = false, bytesFound = false, reach = false } = details
  let room = latencies ? mostBins : 0
  const timed = (bins: Readonly<Record<number, number>>): Pick<MountCounts, 'latencies'> => {
    const count = Object.keys(bins).length
    if (count === 0 || count > room) return {}
    room -= count
    return { latencies: bins }
  }
  const { directories, files, bytes, entriesSkipped, leftOut, specialSkipped, failures, sizes, mounts, levels } =
    walk.counters
  return addCounts(emptyCounts(), {
    directories,
    files,
    bytes,
    entriesSkipped,
    specialSkipped,
    ...(Object.keys(leftOut).length === 0 ? {} : { leftOut }),
    failures,
    mounts: Object.fromEntries(
      Object.entries(mounts).map(([name, mount]) => [
        name,
        {
          files: mount.files,
          bytes: mount.bytes,
          failures: mount.failures,
          ...timed(mount.latencies),
          ...(reach ? reachOf(mount) : {}),
        },
      ]),
    ),
    ...(Object.keys(levels).length === 0 ? {} : { levels: levelsOf(levels, bytesFound) }),
    ...(Object.keys(sizes).length === 0 ? {} : { sizes }),
    ...(sample === undefined ? {} : { sample }),
  })
}

/** All files of a walk come through a mount in one way; a doubt may have arisen in its midst, and is then told of all. */
function reachOf({ files, reach }: MountFigures): Pick<MountCounts, 'readBy' | 'doubts'> {
  if (reach === undefined || files === 0) return {}
  const { by, doubts } = reach
  return {
    readBy: { [by]: files },
    ...(doubts.size === 0 ? {} : { doubts: Object.fromEntries([...doubts].map((doubt) => [doubt, files])) }),
  }
}

const levelsOf = (levels: Readonly<Record<number, LevelCounters>>, bytesFound: boolean): Record<string, LevelCounts> =>
  Object.fromEntries(
    Object.entries(levels).map(([depth, { bytes, ...level }]) => [depth, bytesFound ? { ...level, bytes } : level]),
  )

/** The addresses as this walk finds them, and what else is known of each. */
export const mountStates = (walk: Walk, noteOn: (address: string) => string | undefined): MountState[] =>
  Object.entries(walk.counters.mounts).map(
    ([
      address,
      {
        state,
        limits: { reads, longReads },
      },
    ]) => ({
      address,
      state,
      ...noted(noteOn(address)),
      ...reads,
      ...(longReads && { longReads }),
    }),
  )

/** A note as a message carries it. */
export const noted = (note: string | undefined): Pick<MountState, 'note'> =>
  note === undefined ? {} : { note: noteOf(note) }
