import { type Lease, orIfAbsent, type Queue, type ReceiveOptions } from '@cachewarmer/queue'
import type { WorkerPorts, WorkerSettings } from '../ports.ts'
import type { LiveRun, RunDirectory } from './run-directory.ts'

/** What a run may have of this worker's slots: `owed`, it has fewer than its weight says; `floating`, a part of one more. */
type Claim = 'owed' | 'floating' | 'full'

/** How many of a run's items may be taken now, in the order in which runs are asked for one. */
interface Allowance extends LiveRun {
  readonly max: number
}

/** An item that lasts longer than this makes room, where its run has more than its share and another waits. */
export const sliceMs = 5_000

/** An item that is worked on. */
export interface HeldItem {
  readonly run: string
}

/**
 * Shares the slots of one worker among runs by weight. Of 4 slots, runs of weights 30 and 10 have 3 and 1; where the
 * division leaves a rest, the slot goes to one or the other by chance, as large as what is left of its share. Slots that no
 * other run wants, any run may have.
 */
export class RunShares {
  readonly #slots: number
  readonly #random: () => number
  readonly #held = new Set<HeldItem>()
  /** Those that were told to make room. */
  readonly #leaving = new Set<HeldItem>()

  constructor(slots: number, random: () => number) {
    this.#slots = slots
    this.#random = random
  }

  begin(run: string): HeldItem {
    const item: HeldItem = { run }
    this.#held.add(item)
    return item
  }

  end(item: HeldItem): void {
    this.#held.delete(item)
    this.#leaving.delete(item)
  }

  /** Which run is asked for items first, and for how many: those that are owed some, then by chance. */
  order(runs: readonly LiveRun[]): readonly Allowance[] {
    if (runs.length === 1) return runs.map((run) => ({ ...run, max: this.#slots }))
    const rank = { owed: 0, floating: 1, full: 2 }
    return runs
      .map((run) => {
        const fair = this.#fair(run, runs)
        const count = this.#count(run.run)
        const claim = claimOf(count, fair)
        // The largest of random^(1/weight) is each run in proportion to its weight (Efraimidis and Spirakis, 2006).
        const key = this.#random() ** (1 / (claim === 'floating' ? fair - count : run.weight))
        return { run, claim, key, max: claim === 'owed' ? Math.floor(fair) - count : 1 }
      })
      .sort((a, b) => rank[a.claim] - rank[b.claim] || b.key - a.key)
      .map(({ run, max }) => ({ ...run, max }))
  }

  /** The runs that have less of this worker than they should, where this item's has more; none while it may stay. */
  inFavourOf(item: HeldItem, runs: readonly LiveRun[]): readonly LiveRun[] {
    const own = runs.find(({ run }) => run === item.run)
    if (own === undefined || this.#leaving.has(item)) return []
    if (this.#count(item.run) <= Math.floor(this.#fair(own, runs))) return []
    return runs.filter((other) => other !== own && this.#count(other.run) < this.#fair(other, runs))
  }

  /** The item makes room: it no longer counts as one that its run has. */
  leave(item: HeldItem): void {
    this.#leaving.add(item)
  }

  #fair({ weight }: LiveRun, runs: readonly LiveRun[]): number {
    return (this.#slots * weight) / runs.reduce((sum, run) => sum + run.weight, 0)
  }

  #count(of: string): number {
    let count = 0
    for (const item of this.#held) if (item.run === of && !this.#leaving.has(item)) count += 1
    return count
  }
}

function claimOf(count: number, fair: number): Claim {
  if (count + 1 <= Math.floor(fair)) return 'owed'
  return count < fair ? 'floating' : 'full'
}

const originalRetryMs = 30_000

/**
 * Where the worker's items come from: the work queues of all runs, shared by weight, then the original manager's one
 * queue. It looks like a queue to `consume`, which thus needs to know of no runs.
 */
export class WorkSource implements Pick<Queue, 'name' | 'receive'> {
  readonly name: string
  readonly #ports: WorkerPorts
  readonly #directory: RunDirectory
  readonly #shares: RunShares
  readonly #original: Queue | undefined
  #originalAbsentUntilMs = Number.NEGATIVE_INFINITY

  constructor(ports: WorkerPorts, settings: WorkerSettings, directory: RunDirectory, shares: RunShares) {
    this.#ports = ports
    this.#directory = directory
    this.#shares = shares
    this.name = settings.prefix.work
    this.#original = settings.serveOriginal ? ports.service.queue(settings.prefix.work) : undefined
  }

  async receive(options: ReceiveOptions): Promise<readonly Lease[]> {
    const live = await this.#directory.live(options.signal)
    const works = new Map(live.map(({ run, work }) => [run, work]))
    for (const { run, max } of this.#shares.order(live)) {
      const work = works.get(run)
      if (work === undefined) continue
      // Runs end meanwhile: their queues vanish, and the next listing no longer names them.
      const leases = await orIfAbsent(work.receive({ ...options, max: Math.min(options.max, max) }), [])
      if (leases.length > 0) return leases
    }
    return this.#receiveOriginal(options)
  }

  async #receiveOriginal(options: ReceiveOptions): Promise<readonly Lease[]> {
    if (this.#original === undefined || this.#ports.clock.now() < this.#originalAbsentUntilMs) return []
    const leases = await orIfAbsent(this.#original.receive({ ...options, max: 1 }), undefined)
    if (leases === undefined) this.#originalAbsentUntilMs = this.#ports.clock.now() + originalRetryMs
    return leases ?? []
  }
}
