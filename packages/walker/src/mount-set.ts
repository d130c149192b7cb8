import pLimit from 'p-limit'
import { WalkError } from './errors.ts'
import type { Mount } from './mount.ts'
import type { Limiter, Settings } from './options.ts'

/** A mount as a walk uses it. */
export interface Member {
  readonly mount: Mount
  readonly name: string
  /** Undefined where the walk's own limit is the tighter one. */
  readonly limiter: Limiter | undefined
}

/**
 * The mounts of a walk, and which of them serves a path. That a mount which does not answer is left out for a while
 * belongs here and nowhere else.
 */
export class MountSet {
  readonly members: readonly Member[]
  readonly #orders: readonly (readonly Member[])[]
  readonly #readers: readonly (readonly Member[])[]

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
    this.members = mounts.map((mount) => ({ mount, name: mount.name, limiter: limiterOf(mount, settings) }))
    this.#orders = this.members.map((_, first) => [...this.members.slice(first), ...this.members.slice(0, first)])
    this.#readers = settings.through === 'each' ? this.#orders : this.#orders.map((order) => order.slice(0, 1))
  }

  get names(): string[] {
    return this.members.map(({ name }) => name)
  }

  /** Every mount, beginning with the one that the hash names. */
  order(hash: number): readonly Member[] {
    return this.#orders[hash % this.#orders.length] ?? []
  }

  /** The mounts that a file is read through: the first alone, then the others. */
  readers(hash: number): readonly Member[] {
    return this.#readers[hash % this.#readers.length] ?? []
  }
}

function limiterOf(mount: Mount, { limiterFor, concurrency }: Settings): Limiter | undefined {
  if (limiterFor) return limiterFor(mount)
  if (mount.limiter) return mount.limiter
  return mount.maxInFlight < concurrency ? { run: pLimit(Math.max(1, mount.maxInFlight)) } : undefined
}

/** What `to` opens the object by: the handle that `from` gave, where both understand it. */
export const handleFor = (handle: unknown, from: Mount | undefined, to: Mount): unknown =>
  from === to || (to.handleSpace !== undefined && from?.handleSpace === to.handleSpace) ? handle : undefined
