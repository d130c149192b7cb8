import { asWalkError, WalkError } from '../errors.ts'
import { canBe, type Entry, type Mount } from '../mounts/mount.ts'
import { hashPath, joinPath } from '../paths.ts'
import type { Context } from './context.ts'
import { attributesPass, findFile, LeftOut, leaveOut } from './page.ts'
import type { FilesPart } from './parts.ts'
import type { Lineage } from './resolver.ts'
import { FileBatch, isLarge, sourceOf } from './sources.ts'
import type { Tally } from './tallies.ts'

/** Fewer names of one directory are looked up one by one; from here on its listing may bring them faster. */
const worthListing = 16
/** A listing in which fewer than one name in this many is wanted brings them no faster. */
const dense = 4
const looksAtOnce = 16

/** Where the files of a part lie. */
export interface Place {
  readonly real: string
  readonly lineage: Lineage | undefined
  readonly tally: Tally
}

/**
 * Files of a list: names of one directory, without attributes. If many names are wanted, the directory's listing brings
 * sizes and handles, so that each then costs one read; the others are read by their path, which tells what they are.
 * Filters by name don't hold for what a list names, those by size and time do. Never throws.
 */
export const openListed = (context: Context, part: FilesPart, place: Place): Promise<void> =>
  new Listed(context, part, place).open()

class Listed {
  private readonly context: Context
  private readonly part: FilesPart
  private readonly place: Place
  /** Names that nothing is known of. */
  private readonly wanted: Set<string>
  /** Where files have to begin in the order of the list. */
  private readonly order: ListOrder | undefined
  private batch: FileBatch | undefined

  constructor(context: Context, part: FilesPart, place: Place) {
    this.context = context
    this.part = part
    this.place = place
    this.wanted = new Set(part.names)
    if (context.settings.order === 'given') this.order = new ListOrder([...this.wanted])
  }

  async open(): Promise<void> {
    const { context, wanted } = this
    if (wanted.size >= worthListing) await this.lookInListing()
    if (wanted.size > 0 && context.going) {
      if (context.settings.filter.needsAttributes) await this.lookAtEach()
      else this.addByName()
    }
    this.giveBack()
  }

  /** Files that were found, and are to be read. */
  private add(files: readonly Entry[], from?: Mount): void {
    const { context, part, place, order, wanted } = this
    const { directory } = part
    const { real, tally } = place
    if (order === undefined) {
      if (files.length > 0) context.frontier.addSource(new FileBatch({ directory, real, files, from, tally }))
      return
    }
    this.batch ??= new FileBatch({ directory, real, files: [], from, tally, isListed: true })
    const next = order.next(files, wanted)
    if (next.length > 0) context.frontier.append(this.batch, next)
  }

  /** What is neither begun nor known to be no file of the walk's. */
  private giveBack(): void {
    const names = [...this.wanted, ...(this.order?.held ?? [])]
    const { context, part, place } = this
    if (names.length > 0) context.giveBack({ kind: 'part', part: { ...part, names }, tally: place.tally })
  }

  /** Takes from `wanted` what the directory's listing shows, for as long as it is dense enough. */
  private async lookInListing(): Promise<void> {
    const { context, wanted, place } = this
    const { read, attributes, filter, signal } = context.settings
    const [member] = context.mounts.order(hashPath(this.part.directory))
    if (member === undefined) return
    const { mount } = member
    const options = { attributes: filter.needsAttributes || attributes || !read, signal }
    const pages = mount.list({ path: place.real }, options)[Symbol.asyncIterator]()
    let seen = 0
    let found = 0
    try {
      for (let page = await pages.next(); !page.done && context.going; page = await pages.next()) {
        const files: Entry[] = []
        for (const entry of page.value.entries) {
          seen++
          // A link or a directory is found out, or refused, where the path is opened.
          if (!wanted.has(entry.name) || entry.kind !== 'file') continue
          wanted.delete(entry.name)
          files.push(entry)
        }
        found += files.length
        this.addFound(mount, files)
        if (wanted.size === 0 || found * dense < seen) return
        await context.roomForPage(place.tally)
      }
    } catch {
      // Reading each by its path, through every mount, will say what is wrong.
    } finally {
      await pages.return?.()?.catch?.(() => {})
    }
  }

  private addFound(mount: Mount, all: readonly Entry[]): void {
    const { context, part, place } = this
    const { settings } = context
    const { directory } = part
    const { tally } = place
    const leftOut = new LeftOut(context, tally)
    const files = all.filter((entry) => {
      const passes = attributesPass(context, entry)
      if (!passes) leftOut.add(joinPath(directory, entry.name), 'file', entry)
      return passes
    })
    leftOut.count()
    const isCounted = ({ size }: Entry): boolean => size !== undefined && canBe(mount, size)
    const counted = !settings.read && settings.listThrough === 'one' ? files.filter(isCounted) : []
    for (const listed of counted) {
      const { name, size = 0 } = listed
      findFile(context, { path: joinPath(directory, name), size, listed, tally })
    }
    if (counted.length > 0) context.tallies.findThrough(tally, mount.name, counted.length)
    const left = counted.length === 0 ? files : files.filter((entry) => !isCounted(entry))
    if (this.order) this.add(left, mount)
    else this.addSources(mount, left)
  }

  private addSources(mount: Mount, files: readonly Entry[]): void {
    const { settings, frontier } = this.context
    const { directory } = this.part
    const { real, tally } = this.place
    // Large ones are read in pieces from the first on, which others may take over.
    const large = files.filter(({ size }) => isLarge(settings, size))
    for (const listed of large) {
      const { name, size, handle } = listed
      const [path, realPath] = [joinPath(directory, name), joinPath(real, name)]
      const unit = { path, real: realPath, size, handle, listed, from: mount, tally }
      frontier.addSource(sourceOf(settings, { ...unit, as: 'name' }))
    }
    const small = large.length === 0 ? files : files.filter(({ size }) => !isLarge(settings, size))
    this.add(small, mount)
  }

  /** Sizes and times matter, and no listing told them. */
  private async lookAtEach(): Promise<void> {
    const { context, wanted, place } = this
    const { tally } = place
    // Shared by the lanes: each takes the next.
    const names = wanted.values()
    const lane = async (): Promise<void> => {
      for (const name of names) {
        if (!context.going) return
        const path = joinPath(this.part.directory, name)
        const files: Entry[] = []
        try {
          const entry = await context.resolver.stat(joinPath(place.real, name))
          if (entry.kind !== 'file') throw new WalkError('NOT_A_FILE', `${path}: not a regular file`)
          if (attributesPass(context, entry)) files.push({ name, kind: 'file' })
          else leaveOut(context, tally, path, 'file', entry)
        } catch (error) {
          if (context.settings.signal.aborted || !context.going) return
          context.fail(tally, path, asWalkError(error))
        }
        wanted.delete(name)
        this.add(files)
      }
    }
    await Promise.all(Array.from({ length: Math.min(looksAtOnce, wanted.size) }, lane))
  }

  private addByName(): void {
    const { context, wanted, part, place } = this
    const { real, lineage, tally } = place
    const names = [...wanted]
    wanted.clear()
    if (context.settings.symlinks === 'none') {
      this.add(names.map((name) => ({ name, kind: 'file' })))
      return
    }
    this.add([])
    // What is put in last is taken out first.
    for (const name of names.reverse()) {
      const [path, realPath] = [joinPath(part.directory, name), joinPath(real, name)]
      context.frontier.addUnit({ kind: 'link', path, real: realPath, lineage, tally })
    }
  }
}

/** Files in the order of a list, although they are found in another one. */
class ListOrder {
  private readonly names: readonly string[]
  private readonly found = new Map<string, Entry>()
  private at = 0

  constructor(names: readonly string[]) {
    this.names = names
  }

  /** Names of files that wait for what comes before them. */
  get held(): Iterable<string> {
    return this.found.keys()
  }

  /** What may begin now that these were found: all before the first name that nothing is known of yet. */
  next(files: readonly Entry[], unknown: ReadonlySet<string>): Entry[] {
    for (const file of files) this.found.set(file.name, file)
    const next: Entry[] = []
    for (let name = this.names[this.at]; name !== undefined && !unknown.has(name); name = this.names[++this.at]) {
      const file = this.found.get(name)
      if (file) next.push(file)
      this.found.delete(name)
    }
    return next
  }
}
