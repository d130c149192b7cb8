import { asWalkError, isMountTrouble, WalkError } from './errors.ts'
import { hashPath } from './hash.ts'
import type { Lineage } from './lineage.ts'
import type { Entry, Mount } from './mount.ts'
import { type MountSet, rounds, wentAway } from './mount-set.ts'
import { joinPath, nameOf, parentOf } from './paths.ts'

/** What a path leads to. */
export interface Resolved {
  /** The path without links. */
  readonly real: string
  readonly entry: Entry
}

/** As many as Linux follows. */
const hopsAllowed = 40

/** Looks at paths through the first mount that answers, and follows links within the export. */
export class Resolver {
  readonly #mounts: MountSet
  readonly #signal: AbortSignal
  readonly #waiting: AbortSignal

  /** `waiting` aborts when nobody should wait for mounts any longer. */
  constructor(mounts: MountSet, signal: AbortSignal, waiting: AbortSignal) {
    this.#mounts = mounts
    this.#signal = signal
    this.#waiting = waiting
  }

  stat(path: string): Promise<Entry> {
    return this.#ask(path, (mount) => mount.stat(path, { signal: this.#signal }))
  }

  /** Follows the link that may be at the path's end, and those it leads over. Throws `LOOP`, `OUTSIDE` and what mounts do. */
  async follow(path: string): Promise<Resolved> {
    let real = parentOf(path)
    let entry: Entry | undefined
    let hops = 0
    const ahead = [nameOf(path)]
    for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
      if (name === '' || name === '.') continue
      if (name === '..') {
        if (real === '/') throw new WalkError('OUTSIDE', `${path}: the link leads out of the export`)
        real = parentOf(real)
        entry = undefined
        continue
      }
      const at = joinPath(real, name)
      entry = await this.stat(at)
      if (entry.kind !== 'symlink') {
        real = at
        continue
      }
      if (++hops > hopsAllowed) throw new WalkError('LOOP', `${path}: more than ${hopsAllowed} links on the way`)
      const target = await this.#readLink(at)
      if (target.startsWith('/')) real = '/'
      entry = undefined
      ahead.push(...target.split('/').reverse())
    }
    return { real, entry: entry ?? (await this.stat(real)) }
  }

  /** Follows every link on the path; `lineage` has the directories on the way, without the object itself. */
  async locate(path: string): Promise<Resolved & { readonly lineage: Lineage | undefined }> {
    let at: Resolved = { real: '/', entry: await this.stat('/') }
    let lineage: Lineage | undefined
    for (const name of path.split('/')) {
      if (name === '') continue
      lineage = { id: at.entry.id ?? at.real, parent: lineage }
      at = await this.follow(joinPath(at.real, name))
    }
    return { ...at, lineage }
  }

  #readLink(path: string): Promise<string> {
    return this.#ask(path, (mount) => {
      if (!mount.readLink) throw new WalkError('OTHER', `${path}: ${mount.name} can't read links`)
      return mount.readLink(path, { signal: this.#signal })
    })
  }

  /** Of every mount that may do better; and again, a few times, of mounts that had all gone and come back. */
  async #ask<T>(path: string, question: (mount: Mount) => Promise<T>): Promise<T> {
    for (let round = 1; ; round++) {
      const order = this.#mounts.knowing(hashPath(path))
      for (const [at, { mount }] of order.entries()) {
        try {
          return await question(mount)
        } catch (error) {
          const trouble = asWalkError(error)
          const mayGoOn = at < order.length - 1 || (round < rounds && wentAway(trouble, mount))
          if (!mayGoOn || !isMountTrouble(trouble) || this.#signal.aborted) throw trouble
        }
      }
      await this.#mounts.whenAnyUp(this.#waiting)
    }
  }
}
