import { asWalkError, isMountTrouble, WalkError } from '../errors.ts'
import type { DirectoryPage, Entry, Mount } from '../mounts/mount.ts'
import { hashPath, joinPath, tooLong } from '../paths.ts'
import type { Context } from './context.ts'
import { type Member, persist, rounds, targetFor, wentAway } from './mount-set.ts'
import type { WalkFilter } from './options.ts'
import { attributesPass, decideAhead, isWanted, takePage } from './page.ts'
import { type Lineage, leadsBack, type Sight, sightOf } from './resolver.ts'
import type { Tally } from './tallies.ts'
import { type DirectoryUnit, partOfUnit } from './units.ts'

/** Names of a directory that is held whole to be sorted: a few hundred MB. */
const mostSorted = 1_000_000

const noMoreFound = { listed: 1, directories: 0, files: 0, bytes: 0 }

/** Lists one directory, page by page, through the mount that its path's hash names or, if that one fails, another. */
export async function listDirectory(context: Context, unit: DirectoryUnit): Promise<void> {
  const listing = new Listing(context, unit)
  try {
    listing.seen(sightOf(unit.from, unit))
    if (!context.settings.read && context.settings.listThrough === 'each' && !(await listing.ahead())) {
      listing.giveUp()
      return
    }
    for (let round = 1; !(await listThroughOne(context, listing, { unit, round })); round++)
      await context.mounts.whenAnyUp(context.waiting)
  } catch (error) {
    const trouble = asWalkError(error)
    if (trouble.code === 'MOUNT_DOWN' && !context.going) listing.giveUp()
    else listing.fail(trouble)
  } finally {
    listing.end()
  }
}

/** False when every mount failed, the last one by going away: the listing can start over when one is there. */
async function listThroughOne(
  context: Context,
  listing: Listing,
  { unit, round }: { unit: DirectoryUnit; round: number },
): Promise<boolean> {
  const hash = hashPath(unit.path)
  const knowing = context.mounts.knowing(hash)
  for (const [at, member] of knowing.entries()) {
    try {
      if (!(await listing.through(member))) listing.giveUp()
      else if (context.settings.listThrough === 'each' && context.settings.read)
        await listing.again(context.mounts.order(hash).filter((other) => other !== member))
      return true
    } catch (error) {
      if (context.settings.signal.aborted) return true
      const trouble = asWalkError(error)
      listing.missed(member, trouble)
      const mayGoOn = at < knowing.length - 1 || (round < rounds && wentAway(trouble, member.mount))
      if (!mayGoOn || !isMountTrouble(trouble) || !listing.startOver()) throw trouble
    }
  }
  return false
}

interface MissedEntry {
  readonly mount: string
  readonly path: string
  readonly error: WalkError
}

class Listing {
  private readonly context: Context
  private readonly unit: DirectoryUnit
  /** Where the listing can resume; what came before is in the frontier. */
  private resume: string | undefined
  /** Where the finds of a listing go that can't be resumed. */
  private tally: Tally | undefined
  private announced: boolean
  /** The directory itself, and those that it lies in. */
  private lineage: Lineage | undefined
  private open = false
  /** Where each mount has to list: per mount the number of its files, or why it has none. */
  private readonly others = new Map<string, number | WalkError>()
  /** Entries that they could not look at. */
  private readonly missedEntries: MissedEntry[] = []

  constructor(context: Context, unit: DirectoryUnit) {
    this.context = context
    this.unit = unit
    this.resume = unit.resume
    this.announced = unit.resume !== undefined
  }

  /** Notes the directory's identity on a mount. Throws `LOOP` when a directory above it has the same one. */
  seen(sight: Sight): void {
    const { path, real, lineage } = this.unit
    if (leadsBack(lineage, real, sight))
      throw new WalkError('LOOP', `${path}: the directory is one of those that it lies in, and is not entered again`)
    this.lineage = { real, parent: lineage, sights: [...(this.lineage?.sights ?? []), sight] }
  }

  /**
   * Where attributes are all that is wanted, through each mount: lists through all but the one that will be counted, one
   * and then the others. Nothing counts before the end of the directory, so that a walk that stops in between leaves it
   * to others as a whole. False when it did.
   */
  async ahead(): Promise<boolean> {
    const { mounts } = this.context
    const hash = hashPath(this.unit.path)
    const [counted] = mounts.knowing(hash)
    const [first, ...others] = mounts.order(hash).filter((member) => member !== counted)
    if (first !== undefined) await this.count(first)
    await Promise.all(others.map((member) => this.count(member)))
    return this.wanted
  }

  private async count(member: Member): Promise<void> {
    if (!this.wanted) return
    const { mounts, waiting } = this.context
    const ask = ({ mount }: Member): Promise<number> => this.countThrough(mount)
    try {
      this.others.set(member.name, await persist(member, { mounts, path: this.unit.path, waiting, ask }))
    } catch (error) {
      this.missed(member, asWalkError(error))
    }
  }

  /** The files that a mount lists. Notes the entries that it could not look at. */
  private async countThrough(mount: Mount): Promise<number> {
    const { settings } = this.context
    let files = 0
    const missed: MissedEntry[] = []
    const pages = this.pages(mount, undefined)
    for (let page = await pages.next(); !page.done && this.wanted; page = await pages.next()) {
      const filter = (await this.decideAhead(page.value.entries)) ?? settings.filter
      for (const entry of page.value.entries) {
        const { name, kind, error } = entry
        const child = joinPath(this.unit.path, name)
        if (!isWanted({ filter, symlinks: settings.symlinks }, child, entry) || tooLong(child) !== undefined) continue
        if (kind === 'unknown' && error) missed.push({ mount: mount.name, path: child, error })
        if (kind === 'file' && attributesPass(this.context, entry)) files++
      }
    }
    await pages.return?.()
    this.missedEntries.push(...missed)
    return files
  }

  /** A mount did not list the directory; where each has to, that is a failure of the mount. */
  missed({ name }: Member, error: WalkError): void {
    const { read, listThrough } = this.context.settings
    if (!read && listThrough === 'each') this.others.set(name, error)
  }

  /** Counts what the other mounts found, or failed at, once the directory is complete. */
  private countOthers(name: string): void {
    for (const [other, said] of this.others) {
      if (other === name) continue
      if (typeof said === 'number') this.context.tallies.findThrough(this.unit.tally, other, said)
      else this.context.fail(this.unit.tally, this.unit.path, said, other)
    }
    for (const { mount, path, error } of this.missedEntries)
      if (mount !== name) this.context.fail(this.unit.tally, path, error, mount)
  }

  private everywhereBut(name: string): boolean {
    return ![...this.others].some(([other, said]) => other !== name && typeof said !== 'number')
  }

  /** False when the walk stopped, or took the finds back, before the end. */
  async through({ mount }: Member): Promise<boolean> {
    if (this.context.settings.sorted) return this.throughSorted(mount)
    const pages = this.pages(mount, this.resume)
    try {
      let page = await pages.next()
      while (!page.done) {
        const deciding = this.decideAhead(page.value.entries)
        const filter = deciding && (await deciding)
        if (!this.wanted) return false
        if (page.value.directory) this.seen(sightOf(mount, page.value.directory))
        // Where a listing can't be resumed, the page ahead tells whether this was the last.
        const ahead = page.value.resume === undefined && !this.tally ? await pages.next() : undefined
        if (ahead?.done === false && !this.becomeProvisional()) return false
        this.take(mount, page.value, filter)
        if (!ahead?.done && !(await this.roomForMore())) return false
        page = ahead ?? (await pages.next())
      }
      this.complete(mount)
      return true
    } finally {
      await pages.return?.()?.catch?.(() => {})
    }
  }

  /** As one page, by name. A walk that stops before its end leaves all of it to others. */
  private async throughSorted(mount: Mount): Promise<boolean> {
    const all: Entry[] = []
    const refused: WalkError[] = []
    const pages = this.pages(mount, this.resume)
    try {
      for (let page = await pages.next(); !page.done; page = await pages.next()) {
        if (!this.wanted) return false
        const { entries, directory } = page.value
        if (directory) this.seen(sightOf(mount, directory))
        for (const entry of entries) all.push(entry)
        refused.push(...(page.value.refused ?? []))
        if (all.length > mostSorted)
          throw new WalkError('TOO_LARGE', `${this.unit.path}: more than ${mostSorted} names, too many to sort`)
      }
    } finally {
      await pages.return?.()?.catch?.(() => {})
    }
    all.sort((one, other) => (one.name < other.name ? -1 : 1))
    const filter = await this.decideAhead(all)
    if (!this.wanted) return false
    this.take(mount, { entries: all, refused }, filter)
    this.complete(mount)
    return true
  }

  /** A listing that can't be resumed and has more than one page counts only once it is complete. False when it is not wanted. */
  private becomeProvisional(): boolean {
    if (!this.wanted) return false
    this.tally = this.context.tallies.open(this.unit.tally, partOfUnit({ ...this.unit, resume: this.resume }))
    return true
  }

  private take(mount: Mount, { entries, resume, refused = [] }: DirectoryPage, filter: WalkFilter | undefined): void {
    const { path, real, tally } = this.unit
    const context = this.context
    this.announce()
    context.pageCame(entries.length)
    const everywhere = this.everywhereBut(mount.name)
    const found = this.tally ?? tally
    for (const error of refused) context.fail(found, path, error)
    takePage(context, { path, real, lineage: this.lineage, from: mount, tally: found, everywhere, filter }, entries)
    this.resume = resume ?? this.resume
  }

  /** Waits for its turn to list on. False when the walk stopped meanwhile. */
  private async roomForMore(): Promise<boolean> {
    if (!this.open) this.context.listingOpen(1)
    this.open = true
    await this.context.roomForPage(this.unit.tally)
    return this.wanted
  }

  private complete(mount: Mount): void {
    const { tallies } = this.context
    this.announce()
    if (this.tally) tallies.finish(this.tally)
    tallies.count(this.unit.tally, 'directories')
    tallies.found(this.unit.tally, this.unit.path, noMoreFound)
    this.countOthers(mount.name)
  }

  /** Lists through further mounts and drops the entries. */
  async again(members: readonly Member[]): Promise<void> {
    const { mounts, waiting } = this.context
    const { path, resume } = this.unit
    const ask = async ({ mount }: Member): Promise<void> => {
      const pages = this.pages(mount, resume)
      for (let page = await pages.next(); !page.done && this.wanted; ) page = await pages.next()
      await pages.return?.()
    }
    for (const member of members) {
      try {
        if (this.wanted) await persist(member, { mounts, path, waiting, ask })
      } catch (error) {
        const trouble = asWalkError(error)
        if (this.context.settings.signal.aborted || (trouble.code === 'MOUNT_DOWN' && !this.context.going)) return
        this.context.fail(this.unit.tally, path, trouble, member.name)
      }
    }
  }

  /** Whether another mount may continue: where this one stopped, or from the beginning if nothing was handed away. */
  startOver(): boolean {
    if (!this.tally) return true
    if (this.tally.handed || this.context.tallies.isVoid(this.tally)) return false
    this.context.tallies.void(this.tally)
    this.context.frontier.keep((tally) => !this.context.tallies.isVoid(tally))
    this.tally = undefined
    return true
  }

  /** What is left goes back. A provisional listing is rolled back with everything else that is open. */
  giveUp(): void {
    if (!this.tally) this.context.giveBack({ ...this.unit, resume: this.resume })
  }

  /** What was found until now stands. */
  fail(error: WalkError): void {
    if (this.context.settings.signal.aborted) return
    if (this.tally) this.context.tallies.finish(this.tally)
    this.context.tallies.found(this.unit.tally, this.unit.path, noMoreFound)
    this.context.fail(this.unit.tally, this.unit.path, error)
  }

  end(): void {
    if (this.open) this.context.listingOpen(-1)
    this.open = false
  }

  private get wanted(): boolean {
    return this.context.going && !this.context.tallies.isVoid(this.tally ?? this.unit.tally)
  }

  private pages(mount: Mount, resume: string | undefined): AsyncIterator<DirectoryPage> {
    const { real, handle, from } = this.unit
    const { filter, read, attributes, signal } = this.context.settings
    const options = { attributes: filter.needsAttributes || attributes || !read, resume, signal }
    return mount.list(targetFor(real, handle, from, mount), options)[Symbol.asyncIterator]()
  }

  private decideAhead(entries: readonly Entry[]): Promise<WalkFilter> | undefined {
    const { filter, clock } = this.context.settings
    const wanted = (): boolean => this.wanted
    return decideAhead(filter, { path: this.unit.path, entries, now: () => clock.now(), wanted })
  }

  private announce(): void {
    if (this.announced) return
    this.announced = true
    this.context.entries?.push({ kind: 'directory', path: this.unit.path })
  }
}
