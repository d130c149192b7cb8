import { asWalkError, isMountTrouble, WalkError } from '../errors.ts'
import type { Entry, Identity, Mount } from '../mounts/mount.ts'
import { hashPath, joinPath, nameOf, parentOf } from '../paths.ts'
import { type MountSet, rounds, wentAway } from './mount-set.ts'

/** What a path leads to. */
export interface Resolved {
  /** The path without links. */
  readonly real: string
  readonly entry: Entry
  /** The mount that told. */
  readonly from: Mount
}

/** Where a path lies. */
export interface Located extends Resolved {
  /** The directories on the way, without the object itself, as far as they are known. */
  readonly lineage: Lineage | undefined
}

/** A mount that was asked before, and its error. */
export interface FailedLook {
  readonly mount: Mount
  readonly error: WalkError
}

/** As many as Linux follows. */
const hopsAllowed = 40

/** Looks at paths through the first mount that answers, and follows links within the export. */
export class Resolver {
  private readonly mounts: MountSet
  private readonly signal: AbortSignal
  private readonly waiting: AbortSignal

  /** `waiting` aborts when nothing should wait for mounts any longer. */
  constructor(mounts: MountSet, signal: AbortSignal, waiting: AbortSignal) {
    this.mounts = mounts
    this.signal = signal
    this.waiting = waiting
  }

  async stat(path: string): Promise<Entry> {
    return (await this.look(path)).entry
  }

  /** What the path is. Asks others than a mount that `failed`, and throws its error where none may do better. */
  look(path: string, options: { readonly above?: boolean } = {}, failed?: FailedLook): Promise<Resolved> {
    const ask = async (mount: Mount): Promise<Resolved> => {
      const entry = await mount.stat(path, { ...options, signal: this.signal })
      return { real: path, entry, from: mount }
    }
    return this.ask(path, ask, failed)
  }

  /** Of a path without links on its way. */
  async lookUp(path: string): Promise<Located> {
    const found = await this.look(path, { above: true })
    let lineage: Lineage | undefined
    let real = ''
    const names = path.split('/')
    // Fewer than there are names where the mount has forgotten some: those that it knows still count.
    for (const [at, identity] of (found.entry.above ?? []).entries()) {
      real = at === 0 ? '/' : joinPath(real, names[at] ?? '')
      lineage = { real, sights: [sightOf(found.from, identity)], parent: lineage }
    }
    return { ...found, lineage }
  }

  /** Follows the link that may be at the path's end, and those it leads over. Throws `LOOP`, `OUTSIDE` and what mounts do. */
  async follow(path: string): Promise<Resolved> {
    let real = parentOf(path)
    let seen: Resolved | undefined
    let hops = 0
    const ahead = [nameOf(path)]
    for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
      if (name === '' || name === '.') continue
      if (name === '..') {
        if (real === '/') throw new WalkError('OUTSIDE', `${path}: the link leads out of the export`)
        real = parentOf(real)
        seen = undefined
        continue
      }
      const at = joinPath(real, name)
      seen = await this.look(at)
      if (seen.entry.kind !== 'symlink') {
        real = at
        continue
      }
      if (++hops > hopsAllowed) throw new WalkError('LOOP', `${path}: more than ${hopsAllowed} links on the way`)
      const target = await this.readLink(at)
      if (target.startsWith('/')) real = '/'
      seen = undefined
      ahead.push(...target.split('/').reverse())
    }
    return { ...(seen ?? (await this.look(real))), real }
  }

  /** Follows every link on the path. */
  async locate(path: string): Promise<Located> {
    let at = await this.look('/')
    let lineage: Lineage | undefined
    for (const name of path.split('/')) {
      if (name === '') continue
      lineage = { real: at.real, sights: [sightOf(at.from, at.entry)], parent: lineage }
      at = await this.follow(joinPath(at.real, name))
    }
    return { ...at, lineage }
  }

  private readLink(path: string): Promise<string> {
    return this.ask(path, (mount) => {
      if (!mount.readLink) throw new WalkError('OTHER', `${path}: ${mount.name} can't read links`)
      return mount.readLink(path, { signal: this.signal })
    })
  }

  /** Asks every mount that may do better, and asks again, a few times, when all went away and came back. */
  private async ask<T>(path: string, question: (mount: Mount) => Promise<T>, failed?: FailedLook): Promise<T> {
    for (let round = 1; ; round++) {
      const order = this.mounts.knowing(hashPath(path)).filter(({ mount }) => mount !== failed?.mount)
      if (failed && (order.length === 0 || !isMountTrouble(failed.error))) throw failed.error
      for (const [at, { mount }] of order.entries()) {
        try {
          return await question(mount)
        } catch (error) {
          const trouble = asWalkError(error)
          const mayGoOn = at < order.length - 1 || (round < rounds && wentAway(trouble, mount))
          if (!mayGoOn || !isMountTrouble(trouble) || this.signal.aborted) throw trouble
        }
      }
      await this.mounts.whenAnyUp(this.waiting)
    }
  }
}

/** A directory as one mount sees it. */
export interface Sight extends Identity {
  /** Mounts of one space agree on who is who; others may number their objects each for itself. */
  readonly space: unknown
}

/** A directory on the way down from the export's root, and those above it. */
export interface Lineage {
  /** Its path without links on the way. */
  readonly real: string
  /** Its identities, from its parent's listing and from its own. */
  readonly sights: readonly Sight[]
  readonly parent: Lineage | undefined
}

export const sightOf = (mount: Mount | undefined, { id, handle }: Identity): Sight => ({
  space: mount?.handleSpace ?? mount,
  id,
  handle,
})

/** Whether a directory above has the same path, number or handle. */
export function leadsBack(lineage: Lineage | undefined, real: string, sight: Sight): boolean {
  for (let at = lineage; at; at = at.parent)
    if (at.real === real || at.sights.some((one) => isSame(one, sight))) return true
  return false
}

const isSame = (one: Sight, other: Sight): boolean =>
  one.space === other.space &&
  ((one.id !== undefined && one.id === other.id) || (isHandle(one.handle) && one.handle === other.handle))

/** An empty handle, as odd servers give it, tells no objects apart. */
const isHandle = (handle: unknown): boolean => handle !== undefined && handle !== ''
