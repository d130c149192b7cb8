import { setImmediate } from 'node:timers/promises'
import { WalkError } from '../errors.ts'
import { canBe, type Entry, type Mount } from '../mounts/mount.ts'
import { joinPath, shownPath, tooLong } from '../paths.ts'
import type { Context } from './context.ts'
import type { LeftOutEntry, Settings, WalkFilter } from './options.ts'
import type { Lineage } from './resolver.ts'
import { FileBatch, isLarge, type ReadSource, sourceOf } from './sources.ts'
import type { Tally } from './tallies.ts'
import type { WalkUnit } from './units.ts'

/** The directory that a page is of. */
export interface PageOf {
  readonly path: string
  readonly real: string
  readonly lineage: Lineage | undefined
  readonly from: Mount
  readonly tally: Tally
  /** Every other mount that has to list the directory has done so. */
  readonly everywhere: boolean
  /** One that knows its answers already. Default: the walk's. */
  readonly filter?: WalkFilter | undefined
}

/** Sorts a page's entries into files to read, directories and links to look into, and what is left alone. */
export function takePage(context: Context, directory: PageOf, entries: readonly Entry[]): void {
  const sorting = new Sorting(context, directory)
  for (const entry of entries) sorting.add(entry)
  sorting.finish()
}

/** One for each page: of its entries each is looked at once, and makes no objects but what is kept. */
class Sorting {
  private readonly context: Context
  private readonly directory: PageOf
  private readonly filter: WalkFilter
  private readonly leftOut: LeftOut
  private readonly small: Entry[] = []
  private readonly large: ReadSource[] = []
  private readonly units: WalkUnit[] = []
  /** Files of a walk that reads nothing, whose sizes the listing told. */
  private found = 0
  private directories = 0
  private special = 0
  private bytes = 0

  constructor(context: Context, directory: PageOf) {
    this.context = context
    this.directory = directory
    this.filter = directory.filter ?? context.settings.filter
    this.leftOut = new LeftOut(context, directory.tally, this.filter)
  }

  add(entry: Entry): void {
    const { name, kind } = entry
    const child = joinPath(this.directory.path, name)
    const beyond = tooLong(child)
    if (beyond !== undefined) this.refuse(child, entry, beyond)
    else if (kind === 'file') this.addFile(child, entry)
    else if (kind === 'directory') this.addDirectory(child, entry)
    else if (kind === 'unknown' || (kind === 'symlink' && this.context.settings.symlinks !== 'none'))
      this.addUnknown(child, entry)
    else this.special++
  }

  finish(): void {
    const { settings, frontier, tallies } = this.context
    const { path, real, from, tally } = this.directory
    const small = this.small
    if (settings.sorted) {
      // What is put in last is taken out first.
      this.units.reverse()
      this.large.reverse()
    }
    for (const unit of this.units) frontier.addUnit(unit)
    for (const source of this.large) frontier.addSource(source)
    if (small.length > 0) frontier.addSource(new FileBatch({ directory: path, real, files: small, from, tally }))
    const files = small.length + this.large.length + this.found
    const directories = this.directories
    if (files + directories > 0) tallies.found(tally, path, { listed: 0, directories, files, bytes: this.bytes })
    if (this.found > 0) tallies.findThrough(tally, from.name, this.found)
    this.leftOut.count()
    if (this.special > 0) tallies.count(tally, 'specialSkipped', this.special)
  }

  private refuse(child: string, entry: Entry, beyond: WalkError): void {
    if (this.isWanted(child, entry)) this.context.fail(this.directory.tally, shownPath(child), beyond)
    else this.leftOut.add(child, entry.kind === 'directory' ? 'directory' : 'file', entry)
  }

  private addFile(child: string, entry: Entry): void {
    const { name, size, handle } = entry
    if (!this.filter.file(child, name) || !attributesPass(this.context, entry)) {
      this.leftOut.add(child, 'file', entry)
      return
    }
    const { settings } = this.context
    const { real, from, tally, everywhere } = this.directory
    this.bytes += Math.min(size ?? 0, settings.headBytes)
    if (isLarge(settings, size)) {
      const unit = { path: child, real: joinPath(real, name), size, handle, listed: entry, from, tally } as const
      this.large.push(sourceOf(settings, { ...unit, as: 'name' }))
    } else if (!settings.read && size !== undefined && canBe(from, size)) {
      this.found++
      if (everywhere) findFile(this.context, { path: child, size, listed: entry, tally })
    } else this.small.push(entry)
  }

  private addDirectory(child: string, entry: Entry): void {
    const { name, id, handle } = entry
    if (!this.filter.directory(child, name)) {
      this.leftOut.add(child, 'directory', entry)
      return
    }
    const { path, real, from, lineage, tally } = this.directory
    const below = real === path ? child : joinPath(real, name)
    this.units.push({ kind: 'directory', path: child, real: below, id, handle, from, lineage, tally })
    this.directories++
  }

  /** A link, or an entry that the mount could not look at. */
  private addUnknown(child: string, entry: Entry): void {
    if (!this.isWanted(child, entry)) {
      this.leftOut.add(child, 'file', entry)
      return
    }
    const { real, from: mount, lineage, tally } = this.directory
    const unit = { path: child, real: joinPath(real, entry.name), lineage, tally }
    if (entry.kind === 'symlink') this.units.push({ kind: 'link', ...unit })
    else {
      const { error = new WalkError('OTHER', `${child}: the mount does not say what it is`) } = entry
      this.units.push({ kind: 'entry', ...unit, failed: { mount, error } })
    }
  }

  private isWanted(child: string, entry: Entry): boolean {
    const { symlinks } = this.context.settings
    return isWanted({ filter: this.filter, symlinks }, child, entry)
  }
}

/** Counts what a filter leaves out of a page, by rule. */
export class LeftOut {
  private readonly context: Context
  private readonly tally: Tally
  private readonly byRule = new Map<string, number>()

  private readonly filter: WalkFilter

  constructor(context: Context, tally: Tally, filter: WalkFilter = context.settings.filter) {
    this.context = context
    this.tally = tally
    this.filter = filter
  }

  add(path: string, kind: LeftOutEntry['kind'], { name, size, modifiedMs }: Omit<Entry, 'kind'>): void {
    const rule = this.filter.leftOutBy?.({ path, name, kind, size, modifiedMs }) ?? 'filter'
    this.byRule.set(rule, (this.byRule.get(rule) ?? 0) + 1)
  }

  /** Call once, at the end. */
  count(): void {
    for (const [rule, entries] of this.byRule) this.context.tallies.leaveOut(this.tally, rule, entries)
  }
}

/** Counts one entry that a filter leaves out. */
export function leaveOut(
  context: Context,
  tally: Tally,
  path: string,
  kind: LeftOutEntry['kind'],
  entry: Omit<Entry, 'kind'>,
): void {
  const one = new LeftOut(context, tally)
  one.add(path, kind, entry)
  one.count()
}

/** While it is not known what an entry is, or leads to: false when the filter keeps it out in any case. */
export function isWanted(
  { filter, symlinks }: Pick<Settings, 'filter' | 'symlinks'>,
  path: string,
  { name, kind }: Pick<Entry, 'name' | 'kind'>,
): boolean {
  if (kind === 'file') return filter.file(path, name)
  if (kind === 'directory') return filter.directory(path, name)
  if (kind === 'other' || (kind === 'symlink' && symlinks === 'none')) return false
  return filter.file(path, name) || ((kind === 'unknown' || symlinks === 'all') && filter.directory(path, name))
}

interface FoundFile {
  readonly path: string
  readonly size: number
  readonly listed: Entry | undefined
  readonly tally: Tally
}

/** Counts and reports a file of a walk that reads nothing. */
export function findFile(
  { settings, tallies, sample, entries }: Context,
  { path, size, listed, tally }: FoundFile,
): void {
  const wanted = Math.min(size, settings.headBytes)
  tallies.find(tally, { size, wanted })
  sample?.offer(path, size)
  entries?.push({ kind: 'file', path, size, modifiedMs: listed?.modifiedMs, bytes: wanted, complete: false, reads: [] })
}

/** By size and time, as far as the listing knew them. */
export const attributesPass = ({ settings: { filter } }: Context, { size, modifiedMs }: Entry): boolean =>
  !filter.needsAttributes ||
  ((size === undefined || filter.size(size)) && (modifiedMs === undefined || filter.modified(modifiedMs)))

/** This many names tell how long a filter takes; fewer are never worth a pause. */
const sampleNames = 16
/** Milliseconds for which nothing else of the process has its turn. */
const atOnceMs = 20

export interface NamesOf {
  /** Of the directory. */
  readonly path: string
  readonly entries: readonly Entry[]
  readonly now: () => number
  /** False once the answers are no longer needed. */
  readonly wanted: () => boolean
}

/**
 * For a filter that takes long over each name, as one of large expressions may: decides about a page of names some at a
 * time, so that leases are renewed meanwhile and other work has its turn. Gives a filter that knows the answers; undefined,
 * at once, for one that is quick.
 */
export function decideAhead(filter: WalkFilter, names: NamesOf): Promise<WalkFilter> | undefined {
  const { entries, now } = names
  if (entries.length <= sampleNames) return undefined
  const begunMs = now()
  // Answers are kept only where they are worth it: most filters are quick.
  for (let at = 0; at < sampleNames; at++) ask(filter, names.path, entries[at] as Entry)
  const allMs = ((now() - begunMs) / sampleNames) * entries.length
  return allMs < atOnceMs ? undefined : decideAll(new Decided(filter), names)
}

async function decideAll(decided: Decided, { path, entries, now, wanted }: NamesOf): Promise<WalkFilter> {
  let begunMs = now()
  for (const entry of entries) {
    if (!(now() - begunMs < atOnceMs)) {
      await setImmediate()
      if (!wanted()) break
      begunMs = now()
    }
    ask(decided, path, entry)
  }
  return decided
}

/** Asks what will be asked of an entry. */
function ask(filter: WalkFilter, directory: string, { name, kind, size, modifiedMs }: Entry): void {
  const path = joinPath(directory, name)
  const isIn = kind === 'directory' ? filter.directory(path, name) : filter.file(path, name)
  if (!isIn) filter.leftOutBy?.({ path, name, kind: kind === 'directory' ? kind : 'file', size, modifiedMs })
}

/** Answers what was asked before from memory. */
class Decided implements WalkFilter {
  readonly needsAttributes: boolean
  private readonly filter: WalkFilter
  private readonly files = new Map<string, boolean>()
  private readonly directories = new Map<string, boolean>()
  private readonly rules = new Map<string, string | undefined>()

  constructor(filter: WalkFilter) {
    this.filter = filter
    this.needsAttributes = filter.needsAttributes
  }

  file(path: string, name: string): boolean {
    return remembered(this.files, path, () => this.filter.file(path, name))
  }

  directory(path: string, name: string): boolean {
    return remembered(this.directories, path, () => this.filter.directory(path, name))
  }

  leftOutBy(entry: LeftOutEntry): string {
    return remembered(this.rules, entry.path, () => this.filter.leftOutBy?.(entry)) ?? 'filter'
  }

  size(bytes: number): boolean {
    return this.filter.size(bytes)
  }

  modified(ms: number): boolean {
    return this.filter.modified(ms)
  }
}

function remembered<T>(answers: Map<string, T>, path: string, ask: () => T): T {
  const known = answers.get(path)
  if (known !== undefined || answers.has(path)) return known as T
  const answer = ask()
  answers.set(path, answer)
  return answer
}
