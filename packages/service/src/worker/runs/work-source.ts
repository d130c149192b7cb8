import { type Lease, orIfAbsent, type Queue, type ReceiveOptions } from '@cachewarmer/queue'
import type { WorkerPorts, WorkerSettings } from '../ports.ts'
import type { LiveRun, RunDirectory, WorkedRun } from './run-directory.ts'

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
  readonly limited: boolean
}

/**
 * Shares the slots of one worker among runs by weight. Of 4 slots, runs of weights 30 and 10 have 3 and 1; where the
 * division leaves a rest, the slot goes to one or the other by chance, as large as what is left of its share. Slots that no
 * other run wants, any run may have. Runs with ceilings share as many slots of their own: an item that waits for a ceiling
 * uses nothing, and must hold up no item that could read.
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

  begin({ run, limited }: Pick<LiveRun, 'run' | 'limited'>): HeldItem {
    const item: HeldItem = { run, limited }
    this.#held.add(item)
    return item
  }

  end(item: HeldItem): void {
    this.#held.delete(item)
    this.#leaving.delete(item)
  }

  /** Slots that are free for runs without ceilings, or for those that have some. */
  free(limited: boolean): number {
    let count = 0
    for (const item of this.#held) if (item.limited === limited) count += 1
    return Math.max(0, this.#slots - count)
  }

  /** Which run is asked for items first, and for how many: those that are owed some, then by chance; none that has no slot. */
  order(runs: readonly LiveRun[]): readonly Allowance[] {
    const rank = { owed: 0, floating: 1, full: 2 }
    return runs
      .map((run) => {
        const free = this.free(run.limited)
        const rivals = rivalsOf(run, runs)
        if (rivals.length === 1) return { run, claim: 'owed' as const, key: this.#random(), max: free }
        const fair = this.#fair(run, rivals)
        const count = this.#count(run.run)
        const claim = claimOf(count, fair)
        // The largest of random^(1/weight) is each run in proportion to its weight (Efraimidis and Spirakis, 2006).
        const key = this.#random() ** (1 / (claim === 'floating' ? fair - count : run.weight))
        return { run, claim, key, max: Math.min(free, claim === 'owed' ? Math.floor(fair) - count : 1) }
      })
      .filter(({ max }) => max > 0)
      .sort((a, b) => rank[a.claim] - rank[b.claim] || b.key - a.key)
      .map(({ run, max }) => ({ ...run, max }))
  }

  /** The runs that have less of this worker than they should, where this item's has more; none while it may stay. */
  inFavourOf(item: HeldItem, runs: readonly LiveRun[]): readonly LiveRun[] {
    const own = runs.find(({ run }) => run === item.run)
    if (own === undefined || this.#leaving.has(item)) return []
    const rivals = rivalsOf(own, runs)
    if (this.#count(item.run) <= Math.floor(this.#fair(own, rivals))) return []
    return rivals.filter((other) => other !== own && this.#count(other.run) < this.#fair(other, rivals))
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

/** Those that share slots with a run, itself among them. */
const rivalsOf = ({ limited }: LiveRun, runs: readonly LiveRun[]): readonly LiveRun[] =>
  runs.filter((run) => run.limited === limited)

function claimOf(count: number, fair: number): Claim {
  if (count + 1 <= Math.floor(fair)) return 'owed'
  return count < fair ? 'floating' : 'full'
}

const originalRetryMs = 30_000

/**
 * Where the worker's items come from: the work queues of all runs, shared by weight, then the original manager's one
 * queue. It looks like a queue to `consume`, which thus needs to know of no runs. An item holds its slot from the moment
 * it is received until `end`.
 */
export class WorkSource implements Pick<Queue, 'name' | 'receive'> {
  readonly name: string
  readonly #ports: WorkerPorts
  readonly #directory: RunDirectory
  readonly #shares: RunShares
  readonly #stopTaking: AbortSignal
  readonly #original: Queue | undefined
  #originalAbsentUntilMs = Number.NEGATIVE_INFINITY
  /** By lease. */
  readonly #held = new Map<string, HeldItem>()
  /** Who waits until a slot is free. */
  #wake: (() => void) | undefined

  constructor(
    ports: WorkerPorts,
    settings: WorkerSettings,
    { directory, shares }: { readonly directory: RunDirectory; readonly shares: RunShares },
    stopTaking: AbortSignal,
  ) {
    this.#ports = ports
    this.#directory = directory
    this.#shares = shares
    this.#stopTaking = stopTaking
    this.name = settings.prefix.work
    this.#original = settings.serveOriginal ? ports.service.queue(settings.prefix.work) : undefined
    stopTaking.addEventListener('abort', () => this.#wake?.(), { once: true })
  }

  async receive(options: ReceiveOptions): Promise<readonly Lease[]> {
    for (;;) {
      const live = await this.#directory.live(options.signal)
      const asked = this.#shares.order(live)
      const leases = await this.#receiveFrom(asked, live, options)
      // With all slots full there may be no run to ask: a pause would leave the next slot empty that becomes free.
      const isFull = asked.length < live.length && this.#shares.free(false) === 0
      if (leases.length > 0 || !isFull || this.#stopTaking.aborted) return leases
      await this.#freed()
    }
  }

  async #receiveFrom(
    asked: readonly Allowance[],
    live: readonly WorkedRun[],
    options: ReceiveOptions,
  ): Promise<readonly Lease[]> {
    const works = new Map(live.map(({ run, work }) => [run, work]))
    for (const { max, ...run } of asked) {
      const work = works.get(run.run)
      if (work === undefined) continue
      // Runs end meanwhile: their queues vanish, and the next listing no longer names them.
      const leases = await orIfAbsent(work.receive({ ...options, max: Math.min(options.max, max) }), [])
      for (const lease of leases) this.#held.set(lease.id, this.#shares.begin(run))
      if (leases.length > 0) return leases
    }
    return this.#receiveOriginal(options)
  }

  /** What a message that was received holds. */
  slotOf(message: string): HeldItem {
    const item = this.#held.get(message)
    if (item === undefined) throw new Error(`message ${message} was not received here`)
    return item
  }

  /** The message is done with: its slot is free. */
  end(message: string): void {
    const item = this.#held.get(message)
    this.#held.delete(message)
    if (item !== undefined) this.#shares.end(item)
    this.#wake?.()
  }

  /** Settles when a slot is free, the worker is to stop, or runs have to be looked for again. */
  #freed(): Promise<void> {
    if (this.#stopTaking.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.setTimer(this.#ports.service.polling.maxMs, () => this.#wake?.())
      this.#wake = () => {
        this.#wake = undefined
        cancel()
        resolve()
      }
    })
  }

  async #receiveOriginal(options: ReceiveOptions): Promise<readonly Lease[]> {
    if (this.#original === undefined || this.#ports.clock.now() < this.#originalAbsentUntilMs) return []
    if (this.#shares.free(false) === 0) return []
    const leases = await orIfAbsent(this.#original.receive({ ...options, max: 1 }), undefined)
    if (leases === undefined) this.#originalAbsentUntilMs = this.#ports.clock.now() + originalRetryMs
    for (const { id } of leases ?? []) this.#held.set(id, this.#shares.begin({ run: '', limited: false }))
    return leases ?? []
  }
}
