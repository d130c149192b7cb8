import { asWalkError, isMountTrouble, WalkError } from '../errors.ts'
import type { DirectoryPage, Entry, Mount } from '../mounts/mount.ts'
import { hashPath, joinPath, tooLong } from '../paths.ts'
import type { Run } from './context.ts'
import { type DirectoryUnit, partOfUnit } from './frontier.ts'
import { type Member, persist, rounds, targetFor, wentAway } from './mount-set.ts'
import type { WalkFilter } from './options.ts'
import { attributesPass, decideAhead, isWanted, takePage } from './page.ts'
import { type Lineage, leadsBack, type Sight, sightOf } from './resolver.ts'
import type { Tally } from './tallies.ts'

/** What a listing needs of the walk beyond what every piece shares. */
export interface ListingRun extends Run {
  /** Settles when more names may come: gives the place up to others meanwhile. */
  roomForPage(): Promise<void>
  /** A page came with so many names. */
  pageCame(names: number): void
  /** A listing goes beyond its first page, or is over. */
  listingOpen(change: 1 | -1): void
}

const noMoreFound = { listed: 1, directories: 0, files: 0, bytes: 0 }

/** Lists one directory, page by page, through the mount that its path's hash names or, if that one fails, another. */
export async function listDirectory(run: ListingRun, unit: DirectoryUnit): Promise<void> {
  const listing = new Listing(run, unit)
  try {
    listing.seen(sightOf(unit.from, unit))
    if (run.settings.attributesOnly && run.settings.listThrough === 'each' && !(await listing.ahead())) {
      listing.giveUp()
      return
    }
    for (let round = 1; !(await listThroughOne(run, listing, { unit, round })); round++)
      await run.mounts.whenAnyUp(run.waiting)
  } catch (error) {
    const trouble = asWalkError(error)
    if (trouble.code === 'MOUNT_DOWN' && !run.going) listing.giveUp()
    else listing.fail(trouble)
  } finally {
    listing.end()
  }
}

/** False when every mount failed, the last one by going away: the listing can start over when one is there. */
async function listThroughOne(
  run: ListingRun,
  listing: Listing,
  { unit, round }: { unit: DirectoryUnit; round: number },
): Promise<boolean> {
  const hash = hashPath(unit.path)
  const knowing = run.mounts.knowing(hash)
  for (const [at, member] of knowing.entries()) {
    try {
      if (!(await listing.through(member))) listing.giveUp()
      else if (run.settings.listThrough === 'each' && !run.settings.attributesOnly)
        await listing.again(run.mounts.order(hash).filter((other) => other !== member))
      return true
    } catch (error) {
      if (run.settings.signal.aborted) return true
      const trouble = asWalkError(error)
      listing.missed(member, trouble)
      const mayGoOn = at < knowing.length - 1 || (round < rounds && wentAway(trouble, member.mount))
      if (!mayGoOn || !isMountTrouble(trouble) || !listing.startOver()) throw trouble
    }
  }
  return false
}

class Listing {
  readonly #run: ListingRun
  readonly #unit: DirectoryUnit
  /** From where the listing can go on; what came before is in the frontier. */
  #resume: string | undefined
  /** Where the finds of a listing go that can't be resumed. */
  #tally: Tally | undefined
  #announced: boolean
  /** The directory itself, and those that it lies in. */
  #lineage: Lineage | undefined
  #open = false
  /** What the other mounts said, where theirs counts too: how many files they have, or why they have none. */
  readonly #others = new Map<string, number | WalkError>()
  /** Entries that they could not look at. */
  readonly #missed: { readonly mount: string; readonly path: string; readonly error: WalkError }[] = []

  constructor(run: ListingRun, unit: DirectoryUnit) {
    this.#run = run
    this.#unit = unit
    this.#resume = unit.resume
    this.#announced = unit.resume !== undefined
  }

  /** Notes how the directory looks from a mount. Throws `LOOP` when that is how one looks that it lies in. */
  seen(sight: Sight): void {
    const { path, real, lineage } = this.#unit
    if (leadsBack(lineage, real, sight))
      throw new WalkError('LOOP', `${path}: the directory is one of those that it lies in, and is not entered again`)
    this.#lineage = { real, parent: lineage, sights: [...(this.#lineage?.sights ?? []), sight] }
  }

  /**
   * Where attributes are all that is wanted, through each mount: lists through all but the one that will be counted, one
   * and then the others. Nothing counts before the end of the directory, so that a walk that stops in between leaves it
   * to others as a whole. False when it did.
   */
  async ahead(): Promise<boolean> {
    const { mounts } = this.#run
    const hash = hashPath(this.#unit.path)
    const [counted] = mounts.knowing(hash)
    const [first, ...others] = mounts.order(hash).filter((member) => member !== counted)
    if (first !== undefined) await this.#count(first)
    await Promise.all(others.map((member) => this.#count(member)))
    return this.#wanted
  }

  async #count(member: Member): Promise<void> {
    const { mounts, waiting } = this.#run
    const { path } = this.#unit
    const ask = async ({ mount }: Member): Promise<number> => {
      let files = 0
      const missed: { mount: string; path: string; error: WalkError }[] = []
      const pages = this.#pages(mount, undefined)
      for (let page = await pages.next(); !page.done && this.#wanted; page = await pages.next()) {
        const filter = (await this.#decideAhead(page.value.entries)) ?? this.#run.settings.filter
        const deciding = { settings: { ...this.#run.settings, filter } }
        for (const entry of page.value.entries) {
          const { name, kind, error } = entry
          const child = joinPath(path, name)
          if (!isWanted(deciding, child, name, kind) || tooLong(child) !== undefined) continue
          if (kind === 'unknown' && error) missed.push({ mount: mount.name, path: child, error })
          if (kind === 'file' && attributesPass(this.#run, entry)) files++
        }
      }
      await pages.return?.()
      this.#missed.push(...missed)
      return files
    }
    try {
      if (this.#wanted) this.#others.set(member.name, await persist(member, { mounts, path, waiting, ask }))
    } catch (error) {
      this.missed(member, asWalkError(error))
    }
  }

  /** A mount did not list the directory; where each has to, that is a failure of it. */
  missed({ name }: Member, error: WalkError): void {
    const { attributesOnly, listThrough } = this.#run.settings
    if (attributesOnly && listThrough === 'each') this.#others.set(name, error)
  }

  /** What the mounts other than this one said counts with the directory, once. */
  #countOthers(name: string): void {
    for (const [other, said] of this.#others) {
      if (other === name) continue
      if (typeof said === 'number') this.#run.tallies.findThrough(this.#unit.tally, other, said)
      else this.#run.fail(this.#unit.tally, this.#unit.path, said, other)
    }
    for (const { mount, path, error } of this.#missed)
      if (mount !== name) this.#run.fail(this.#unit.tally, path, error, mount)
  }

  #everywhereBut(name: string): boolean {
    return ![...this.#others].some(([other, said]) => other !== name && typeof said !== 'number')
  }

  /** False when the walk stopped, or took the finds back, before the end. */
  async through({ mount }: Member): Promise<boolean> {
    const pages = this.#pages(mount, this.#resume)
    try {
      let page = await pages.next()
      while (!page.done) {
        const deciding = this.#decideAhead(page.value.entries)
        const filter = deciding === undefined ? undefined : await deciding
        if (!this.#wanted) return false
        const { resume, directory, refused = [] } = page.value
        if (directory !== undefined) this.seen(sightOf(mount, directory))
        let ahead: IteratorResult<DirectoryPage> | undefined
        if (resume === undefined && !this.#tally) {
          // One page more tells whether this was the last; only a listing that goes on is provisional.
          ahead = await pages.next()
          if (!ahead.done) {
            if (!this.#wanted) return false
            this.#tally = this.#run.tallies.open(this.#unit.tally, partOfUnit({ ...this.#unit, resume: this.#resume }))
          }
        }
        if (!this.#announced) this.#announce()
        const { path, real, tally } = this.#unit
        this.#run.pageCame(page.value.entries.length)
        const everywhere = this.#everywhereBut(mount.name)
        const found = this.#tally ?? tally
        for (const error of refused) this.#run.fail(found, path, error)
        const from = { path, real, lineage: this.#lineage, from: mount, tally: found, everywhere, filter }
        takePage(this.#run, from, page.value.entries)
        this.#resume = resume ?? this.#resume
        if (!ahead?.done) {
          this.#setOpen()
          await this.#run.roomForPage()
          if (!this.#wanted) return false
        }
        page = ahead ?? (await pages.next())
      }
      if (!this.#announced) this.#announce()
      if (this.#tally) this.#run.tallies.finish(this.#tally)
      this.#run.tallies.count(this.#unit.tally, 'directories')
      this.#run.tallies.found(this.#unit.tally, this.#unit.path, noMoreFound)
      this.#countOthers(mount.name)
      return true
    } finally {
      await pages.return?.()?.catch?.(() => {})
    }
  }

  /** Lists through further mounts and drops what they say. */
  async again(members: readonly Member[]): Promise<void> {
    const { mounts, waiting } = this.#run
    const { path, resume } = this.#unit
    const ask = async ({ mount }: Member): Promise<void> => {
      const pages = this.#pages(mount, resume)
      for (let page = await pages.next(); !page.done && this.#wanted; ) page = await pages.next()
      await pages.return?.()
    }
    for (const member of members) {
      try {
        if (this.#wanted) await persist(member, { mounts, path, waiting, ask })
      } catch (error) {
        const trouble = asWalkError(error)
        if (this.#run.settings.signal.aborted || (trouble.code === 'MOUNT_DOWN' && !this.#run.going)) return
        this.#run.fail(this.#unit.tally, path, trouble, member.name)
      }
    }
  }

  /** Whether another mount may go on: where this one stopped, or from the beginning if nothing was handed away. */
  startOver(): boolean {
    if (!this.#tally) return true
    if (this.#tally.handed || this.#run.tallies.isVoid(this.#tally)) return false
    this.#run.tallies.void(this.#tally)
    this.#run.frontier.keep((tally) => !this.#run.tallies.isVoid(tally))
    this.#tally = undefined
    return true
  }

  /** What is left goes back. A provisional listing is rolled back with everything else that is open. */
  giveUp(): void {
    if (!this.#tally) this.#run.giveBack({ ...this.#unit, resume: this.#resume })
  }

  /** What was found until now stands. */
  fail(error: WalkError): void {
    if (this.#run.settings.signal.aborted) return
    if (this.#tally) this.#run.tallies.finish(this.#tally)
    this.#run.tallies.found(this.#unit.tally, this.#unit.path, noMoreFound)
    this.#run.fail(this.#unit.tally, this.#unit.path, error)
  }

  end(): void {
    if (this.#open) this.#run.listingOpen(-1)
    this.#open = false
  }

  get #wanted(): boolean {
    return this.#run.going && !this.#run.tallies.isVoid(this.#tally ?? this.#unit.tally)
  }

  #setOpen(): void {
    if (!this.#open) this.#run.listingOpen(1)
    this.#open = true
  }

  #pages(mount: Mount, resume: string | undefined): AsyncIterator<DirectoryPage> {
    const { real, handle, from } = this.#unit
    const { filter, attributesOnly, signal } = this.#run.settings
    const options = { attributes: filter.needsAttributes || attributesOnly, resume, signal }
    return mount.list(targetFor(real, handle, from, mount), options)[Symbol.asyncIterator]()
  }

  #decideAhead(entries: readonly Entry[]): Promise<WalkFilter> | undefined {
    const { filter, clock } = this.#run.settings
    const wanted = (): boolean => this.#wanted
    return decideAhead(filter, { path: this.#unit.path, entries, now: () => clock.now(), wanted })
  }

  #announce(): void {
    this.#announced = true
    this.#run.emit({ kind: 'directory', path: this.#unit.path })
  }
}
