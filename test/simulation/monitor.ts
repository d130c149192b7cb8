import {
  decodeControl,
  decodeItem,
  decodeJob,
  decodeResult,
  decodeStatus,
  type Heartbeat,
  Prefix,
  type RunStatus,
} from '@cachewarmer/core'
import { isQueueError, type Lease } from '@cachewarmer/queue'
import { join } from './filer.ts'
import { Heard } from './heard.ts'
import type { Life } from './life.ts'
import type { SimClock } from './sim-clock.ts'
import { getOrMake, type Tally } from './tally.ts'

/** The state of a job when its end first became visible. */
export interface Ending {
  readonly status: RunStatus
  readonly atMs: number
}

export interface MonitorOptions {
  readonly sim: SimClock
  readonly tally: Tally
  readonly prefix: string
  readonly leaseMs: number
  readonly maxWorkers: number
  /** A manager that dies leaves its ledger to the next one. */
  readonly keepsLedger: boolean
  /** Called at the very moment at which everybody can see that a job has ended. */
  readonly ended: (ending: Ending) => void
}

/**
 * More messages than this in one work queue are more than any splitting has a reason for: see
 * `docs/developers/simulation.md`.
 */
const mostWork = 700
/** Units that a walk holds: its bound of 10,000, and a page of each listing that was under way. */
const mostFrontier = 10_000 + 16 * 300

/** A manager that has no such run waits for it no longer. */
const keptDeliveries = 100

/** Deliveries after which a worker assumes that the item kills workers; the workers' default. */
const maxDeliveries = 20

/** One that was stalled may have asked for a job before it heard that it leads no more; no stall is longer. */
const forgivenLeases = 6

/** Stands at the queue service and sees what happens there, at the moment at which it does. */
export class Monitor {
  readonly violations: string[] = []
  readonly names: Prefix
  readonly heard: Heard
  /** Runs whose work queue was removed before their end: their items are gone on purpose. */
  readonly retired = new Set<string>()
  readonly poison: string[] = []
  /** Queues of the lists that jobs brought along. */
  readonly lists = new Set<string>()
  /** Unreadable messages that a program took out of a queue: they must be in the poison queue. */
  readonly spoiled = new Set<string>()
  /** By run: paths of items that came so often that a worker may give them up. */
  readonly #wornOut = new Map<string, Set<string>>()
  readonly #given: MonitorOptions
  readonly #depth = new Map<string, Set<string>>()
  readonly #endedRuns = new Set<string>()
  /** By process: items whose lease it was told to have lost, and when. */
  readonly #lost = new Map<Life, Map<string, number>>()
  /** By process and item: the leases that it believes in. One worker may hold two copies of an item. */
  readonly #held = new Map<Life, Map<string, Set<Lease>>>()
  #leader: { life: Life; untilMs: number } | undefined
  readonly #ledUntilMs = new Map<Life, number>()
  /** By message: how many workers each job in the queue may have. */
  readonly #jobs = new Map<string, number>()
  /** When the last job had left its queue; undefined while there are any. */
  #noJobsSinceMs: number | undefined

  constructor(given: MonitorOptions) {
    this.#given = given
    this.names = new Prefix(given.prefix)
    this.heard = new Heard({
      sim: given.sim,
      violate: (what) => this.violate(what),
      leader: () => this.leader,
      keepsLedger: given.keepsLedger,
    })
  }

  violate(what: string): void {
    if (this.violations.length < 20) this.violations.push(what)
  }

  /** The manager that holds the token. */
  get leader(): Life | undefined {
    return this.#leader !== undefined && this.#leader.untilMs > this.#given.sim.nowMs ? this.#leader.life : undefined
  }

  wornOut(run: string): ReadonlySet<string> {
    return this.#wornOut.get(run) ?? new Set()
  }

  /** Milliseconds since this manager last held the token; 0 while it does. */
  sinceLeadMs(life: Life): number {
    const untilMs = this.#ledUntilMs.get(life)
    return untilMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, this.#given.sim.nowMs - untilMs)
  }

  mayBeLate(queue: string): boolean {
    return queue.includes('work-') || queue.includes('results-') || queue.startsWith(this.names.list(''))
  }

  /** `askedAtMs`: when the process asked for it, which may be a while ago. */
  sent(life: Life, queue: string, message: { id: string; body: string; askedAtMs: number }): void {
    const { id, body, askedAtMs } = message
    if (queue.startsWith(this.names.runStatus(''))) this.#sawStatus(body)
    else if (queue === this.names.poison) this.poison.push(body)
    else if (queue === this.names.job) this.sawJob(id, body)
    else if (queue.startsWith(this.names.runWork(''))) this.#enter(queue, id)
    else if (queue.startsWith(this.names.runResults(''))) this.#sawResult(life, body, askedAtMs)
  }

  updated(queue: string, body: string): void {
    if (queue.startsWith(this.names.runStatus(''))) this.#sawStatus(body)
  }

  received(life: Life, queue: string, leases: readonly Lease[], leaseMs: number): void {
    const { sim, tally } = this.#given
    for (const { deliveries } of leases) if (deliveries > 1) tally.count('messages delivered again')
    if (queue === this.names.leader) this.#leads(life, sim.nowMs + leaseMs)
    else if (queue === this.names.job && this.sinceLeadMs(life) > forgivenLeases * this.#given.leaseMs)
      this.violate(`${life.name} took a job and does not lead`)
    if (queue === this.names.control)
      for (const { id, body } of leases)
        if (!body.startsWith('{"unreadable')) this.heard.given(life, id, decodeControl(body))
    if (!queue.startsWith(this.names.runWork(''))) return
    for (const lease of leases) {
      this.#holds(life, lease)
      if (lease.deliveries > maxDeliveries) this.#wearsOut(lease.body)
    }
  }

  renewed(life: Life, queue: string, leaseMs: number): void {
    if (queue === this.names.leader) this.#leads(life, this.#given.sim.nowMs + leaseMs)
  }

  gaveBack(life: Life, queue: string): void {
    if (queue === this.names.leader && this.#leader?.life === life) this.#leader = undefined
  }

  /** All managers together asked for this many workers: as many as jobs may have, and never more. */
  wanted(life: Life, count: number, before: number): void {
    const most = [...this.#jobs.values()].reduce((sum, one) => sum + one, 0)
    const bound = Math.min(this.#given.maxWorkers, most)
    // One that was stalled may not have heard yet that it leads no more.
    const leads = this.sinceLeadMs(life) === 0
    if (count > this.#given.maxWorkers || (leads && count > before && count > bound))
      this.violate(`${life.name} wants ${count} workers, at most ${bound} are expected`)
  }

  get noJobsSinceMs(): number | undefined {
    return this.#noJobsSinceMs
  }

  completed(life: Life, queue: string, lease: Lease): void {
    if (queue === this.names.control && lease.deliveries < keptDeliveries && !lease.body.startsWith('{"unreadable'))
      this.heard.control(life, lease.id, decodeControl(lease.body))
    if (queue === this.names.job && this.#jobs.delete(lease.id) && this.#jobs.size === 0)
      this.#noJobsSinceMs = this.#given.sim.nowMs
    this.#depth.get(queue)?.delete(lease.id)
    if (lease.body.startsWith('{"unreadable')) this.spoiled.add(lease.body.slice(2, -1))
  }

  /** A call on a lease failed, and its holder was told so. */
  leaseFailed(life: Life, queue: string, lease: Lease, error: unknown): void {
    if (life.dead || !isQueueError(error) || error.code !== 'LEASE_LOST') return
    if (!queue.startsWith(this.names.runWork(''))) return
    this.#given.tally.count('leases lost')
    const item = itemOf(lease.body)
    if (item === undefined) return
    const held = this.#held.get(life)?.get(item)
    held?.delete(lease)
    // If it holds another copy, or has received the same item again by now, it may report that one.
    if (held !== undefined && held.size > 0) return
    getOrMake(this.#lost, life, () => new Map<string, number>()).set(item, this.#given.sim.nowMs)
  }

  deleted(queue: string): void {
    this.#depth.delete(queue)
    if (queue.startsWith(this.names.runStatus(''))) this.heard.statusGone(this.names.runOf(queue) ?? '')
    const run = this.names.runOf(queue)
    if (run !== undefined && queue === this.names.runWork(run) && !this.#endedRuns.has(run)) this.retired.add(run)
  }

  #leads(life: Life, untilMs: number): void {
    if (this.#leader !== undefined && this.#leader.life !== life) this.#given.tally.count('leaders changed')
    this.#leader = { life, untilMs }
    this.#ledUntilMs.set(life, untilMs)
  }

  #wearsOut(body: string): void {
    if (body.startsWith('{"unreadable')) return
    const { run, parts } = decodeItem(body)
    const paths = getOrMake(this.#wornOut, run, () => new Set<string>())
    for (const part of parts)
      if (part.kind !== 'files') paths.add(part.path)
      else for (const name of part.names) paths.add(join(part.directory, name))
  }

  #holds(life: Life, lease: Lease): void {
    const item = itemOf(lease.body)
    if (item === undefined) return
    this.#lost.get(life)?.delete(item)
    const items = getOrMake(this.#held, life, () => new Map<string, Set<Lease>>())
    getOrMake(items, item, () => new Set<Lease>()).add(lease)
  }

  #enter(queue: string, id: string): void {
    const there = getOrMake(this.#depth, queue, () => new Set<string>())
    there.add(id)
    this.#given.tally.most('most messages in a work queue', there.size)
    if (there.size > mostWork) this.violate(`${queue} holds ${there.size} messages, at most ${mostWork} are expected`)
  }

  sawJob(id: string, body: string): void {
    const { list, maxWorkers = this.#given.maxWorkers } = decodeJob(body).job
    this.#jobs.set(id, maxWorkers)
    this.#noJobsSinceMs = undefined
    if (list !== undefined) this.lists.add(this.names.list(list.id))
  }

  #sawStatus(body: string): void {
    this.heard.sawStatus(body)
    if (!body.includes('"ended"')) return
    const status = decodeStatus(body)
    if (status.state !== 'ended' || this.#endedRuns.has(status.run)) return
    this.#endedRuns.add(status.run)
    this.#given.ended({ status, atMs: this.#given.sim.nowMs })
  }

  #sawResult(life: Life, body: string, askedAtMs: number): void {
    const { tally } = this.#given
    if (body.includes('"heartbeat"')) {
      for (const { frontier } of (decodeResult(body) as Heartbeat).attempts) {
        tally.most('most units held by a walk', frontier)
        if (frontier > mostFrontier)
          this.violate(`${life.name} holds ${frontier} units, at most ${mostFrontier} are expected`)
      }
      return
    }
    const lost = this.#lost.get(life)
    if (lost === undefined || lost.size === 0) return
    const item = itemOf(body)
    const toldAtMs = item === undefined ? undefined : lost.get(item)
    if (toldAtMs !== undefined && askedAtMs > toldAtMs && body.includes('"kind":"result"'))
      this.violate(`${life.name} reported ${item} after it was told that the lease is lost`)
  }
}

const itemOf = (body: string): string | undefined => /"item":"([^"]+)"/.exec(body)?.[1]
