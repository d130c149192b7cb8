import type { Clock } from '@cachewarmer/nfs'
import pLimit from 'p-limit'
import { asWalkError, isMountAway, WalkError } from '../errors.ts'
import { type Limiter, type LimitFigures, type Turns, turnsOf } from '../limits/limiter.ts'
import type { Mount, MountHealth, Target } from '../mounts/mount.ts'
import { type QuickRead, quickReadOf } from '../mounts/quick-read.ts'
import type { MountCounters, MountFigures } from './counters.ts'
import type { Settings } from './options.ts'

/** A mount as a walk uses it. */
export interface Member {
  readonly mount: Mount
  readonly name: string
  /** Its `read` without a promise, where it has that. */
  readonly quickRead: QuickRead | undefined
  /** Undefined where the walk's own limit is the tighter one. */
  readonly limiter: Limiter | undefined
  /** The limiter's. */
  readonly turns: Turns
  /** Reads through it now. */
  inFlight: number
  /** Reads that wait until it answers. */
  waiting: number
}

/** How often a path is tried again after all mounts went away: a path that kills them must not do so for ever. */
export const rounds = 3

/** Files that wait for their turn at a mount, however few it reads at a time. */
const leastWaiting = 16

/** How often limits are taken to be what they were before they are looked at again. */
const looksAtOldLimit = 16

/** The mount did not answer, and its health is watched, so that it can come back. */
export const wentAway = (error: WalkError, { health }: Mount): boolean => health !== undefined && isMountAway(error)

const isUp = ({ mount }: Member): boolean => mount.health?.alive !== false

const isUsable = ({ mount }: Member): boolean => !mount.unusable

/**
 * The mounts of a walk, and which of them serves a path. That a mount which does not answer is left out for a while
 * belongs here and nowhere else.
 */
export class MountSet {
  readonly members: readonly Member[]
  private readonly orders: readonly (readonly Member[])[]
  private readonly spread: boolean
  private readonly someUnusable: boolean
  private readonly clock: Clock
  private readonly graceMs: number
  /** When one of them answered again after all were away: the others get time, too, as a cluster starts node by node. */
  private revivedMs = Number.NEGATIVE_INFINITY
  private worth = 0
  private looksLeft = 0

  constructor(mounts: readonly Mount[], settings: Settings) {
    if (mounts.length === 0) throw new WalkError('OPTION_INVALID', 'mounts is empty, expected at least one mount')
    const names = mounts.map(({ name }) => name)
    const twice = names.find((name, at) => names.indexOf(name) !== at)
    if (twice !== undefined)
      throw new WalkError(
        'OPTION_INVALID',
        `mounts has ${JSON.stringify(twice)} twice, expected a different name for each`,
      )
    const blind = settings.symlinks === 'none' ? undefined : mounts.find((mount) => !mount.readLink)
    if (blind)
      throw new WalkError('OPTION_INVALID', `symlinks is "${settings.symlinks}", but ${blind.name} can't read links`)
    this.members = mounts.map((mount) => {
      const limiter = limiterOf(mount, settings)
      return {
        mount,
        name: mount.name,
        quickRead: quickReadOf(mount),
        limiter,
        turns: turnsOf(limiter),
        inFlight: 0,
        waiting: 0,
      }
    })
    this.orders = this.members.map((_, first) => [...this.members.slice(first), ...this.members.slice(0, first)])
    this.spread = settings.through === 'spread'
    this.someUnusable = !this.members.every(isUsable)
    this.clock = settings.clock
    this.graceMs = settings.graceMs
  }

  get names(): string[] {
    return this.members.map(({ name }) => name)
  }

  /** How often a read is tried whose mount goes away. */
  get tries(): number {
    return this.spread ? rounds * this.members.length : rounds
  }

  /** None of them answers now. */
  get allDown(): boolean {
    return !this.members.some(isUp)
  }

  /** Those that do not answer, and that reads or listings wait for. */
  get awaited(): string[] {
    const all = this.allDown
    return this.members.filter(({ waiting }) => all || waiting > 0).map(({ name }) => name)
  }

  /**
   * Files in hand that keep the mounts busy: as many as are read, and a quarter more that wait for their turn, so that
   * each that ends is followed at once. What begins only to wait longer costs memory, and time to collect it.
   */
  get worthBeginning(): number {
    // Asked at the end of every file. A limit stays as it is for hundreds of them.
    if (this.looksLeft-- > 0) return this.worth
    this.looksLeft = looksAtOldLimit
    this.worth = 0
    for (const { limiter } of this.members) {
      const state = limiter?.state
      this.worth += state ? Math.ceil(1.25 * state.limit) + leastWaiting : Number.POSITIVE_INFINITY
    }
    return this.worth
  }

  /** Every mount, beginning with the one that the hash names; those that don't answer come last. */
  order(hash: number): readonly Member[] {
    const order = this.orders[hash % this.orders.length] ?? []
    return order.every(isUp) ? order : [...order.filter(isUp), ...order.filter((member) => !isUp(member))]
  }

  /** Those of them, in this order, that may know what any mount does; all where none could be opened. */
  knowing(hash: number): readonly Member[] {
    const order = this.order(hash)
    if (!this.someUnusable) return order
    const usable = order.filter(isUsable)
    return usable.length === 0 ? order : usable
  }

  /** The mounts that a file is read through: the first alone, then the others. */
  readers(hash: number): readonly Member[] {
    return this.spread ? this.order(hash).slice(0, 1) : this.order(hash)
  }

  /** The mount to read through instead of this one: under `spread` any that answers. Undefined: none does now. */
  standIn(member: Member, hash: number | undefined): Member | undefined {
    if (isUp(member)) return member
    const [first] = this.mayStandIn(hash) ? this.knowing(hash) : []
    return first && isUp(first) ? first : undefined
  }

  /** The same, as soon as there is one. Throws `MOUNT_DOWN` when it is too late for one, or the reason of `waiting`. */
  async serving(
    member: Member,
    { path, hash, waiting }: { readonly path: string; readonly hash?: number; readonly waiting: AbortSignal },
  ): Promise<Member> {
    member.waiting++
    try {
      for (;;) {
        const by = this.standIn(member, hash)
        if (by) return by
        if (this.mayStandIn(hash)) await this.whenAnyUp(waiting)
        else if (!(await this.whenUp(member, waiting))) throw awayTooLong(path, member)
      }
    } finally {
      member.waiting--
    }
  }

  /**
   * True when the mount answers, false when it has been away for too long while others answer. As long as none does
   * there is nothing that it could be too late for. Rejects with the signal's reason.
   */
  async whenUp({ mount: { health } }: Member, signal: AbortSignal): Promise<boolean> {
    while (health && !health.alive) {
      if (this.allDown) await this.whenAnyUp(signal)
      else {
        const since = Math.max(health.downSinceMs ?? this.clock.now(), this.revivedMs)
        const leftMs = since + this.graceMs - this.clock.now()
        if (leftMs <= 0) return false
        await this.within(leftMs, health, signal)
      }
    }
    return true
  }

  /** Settles when one of them answers. Rejects with the signal's reason. */
  async whenAnyUp(signal: AbortSignal): Promise<void> {
    if (!this.allDown) return
    await Promise.race(this.members.flatMap(({ mount: { health } }) => (health ? [health.whenBack(signal)] : [])))
    this.revivedMs = this.clock.now()
  }

  figures({ mount, inFlight, limiter }: Member): Omit<MountFigures, keyof MountCounters> {
    const longReads = figuresOf(mount.longReads)
    const reads = { limit: 0, ...figuresOf(limiter), inFlight }
    return {
      state: mount.health?.alive === false ? 'down' : 'up',
      limits: longReads ? { reads, longReads } : { reads },
      ...(mount.reach && { reach: mount.reach }),
    }
  }

  private mayStandIn(hash: number | undefined): hash is number {
    return this.spread && hash !== undefined
  }

  private within(ms: number, health: MountHealth, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stopTimer = this.clock.setTimer(ms, resolve)
      health.whenBack(signal).then(resolve, reject).finally(stopTimer)
    })
  }
}

function figuresOf(limiter: Pick<Limiter, 'state'> | undefined): LimitFigures | undefined {
  if (!limiter?.state) return undefined
  const { waiting: _, ...figures } = limiter.state
  return figures
}

function limiterOf(mount: Mount, { limiterFor, concurrency }: Settings): Limiter | undefined {
  if (limiterFor) return limiterFor(mount)
  if (mount.limiter) return mount.limiter
  return mount.maxInFlight < concurrency ? { run: pLimit(Math.max(1, mount.maxInFlight)) } : undefined
}

/** How `to` opens the object: by the handle that `from` gave, where both understand it. */
export function targetFor(path: string, handle: unknown, from: Mount | undefined, to: Mount): Target {
  if (from === to) return { path, handle }
  const shared = to.handleSpace !== undefined && from?.handleSpace === to.handleSpace
  return shared ? { path, handle, foreign: true } : { path }
}

const awayTooLong = (path: string, { name }: Member): WalkError =>
  new WalkError('MOUNT_DOWN', `${path}: ${name} has not answered for too long`)

export interface Question<T> {
  readonly mounts: MountSet
  readonly path: string
  /** Aborts when nothing should wait any longer. */
  readonly waiting: AbortSignal
  readonly ask: (by: Member) => Promise<T>
}

/**
 * Asks the mount: waits for it where it does not answer, and asks again, a few times, what it took along when it went.
 * Throws what the mount did, `MOUNT_DOWN` when it has been away for too long, or the reason of `waiting`.
 */
export async function persist<T>(member: Member, { mounts, path, waiting, ask }: Question<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const by = await mounts.serving(member, { path, waiting })
    try {
      return await ask(by)
    } catch (error) {
      if (tries === mounts.tries || !wentAway(asWalkError(error), by.mount)) throw error
    }
  }
}
