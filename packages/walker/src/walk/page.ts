import { setImmediate } from 'node:timers/promises'
import { WalkError } from '../errors.ts'
import { canBe, type Entry, type EntryKind, type Mount } from '../mounts/mount.ts'
import { joinPath, shownPath, tooLong } from '../paths.ts'
import type { Run } from './context.ts'
import type { LeftOutEntry, WalkFilter } from './options.ts'
import type { Lineage } from './resolver.ts'
import { FileBatch, isLarge, sourceOf } from './sources.ts'
import type { Tally } from './tallies.ts'

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
export function takePage(run: Run, directory: PageOf, entries: readonly Entry[]): void {
  const { frontier, tallies, settings } = run
  const { symlinks } = settings
  const { path, real, lineage, from, tally, filter = settings.filter } = directory
  const deciding = { settings: { ...settings, filter } }
  const files: Entry[] = []
  let found = 0
  const leftOut = new LeftOut(run, tally, filter)
  let special = 0
  let large = 0
  let directories = 0
  let bytes = 0
  for (const entry of entries) {
    const { name, kind } = entry
    const child = joinPath(path, name)
    const beyond = tooLong(child)
    if (beyond !== undefined) {
      if (isWanted(deciding, child, name, kind)) run.fail(tally, shownPath(child), beyond)
      else leftOut.add(child, kind === 'directory' ? kind : 'file', entry)
    } else if (kind === 'file') {
      if (!filter.file(child, name) || !attributesPass(run, entry)) {
        leftOut.add(child, 'file', entry)
        continue
      }
      bytes += Math.min(entry.size ?? 0, settings.headBytes)
      if (isLarge(settings, entry.size)) {
        const unit = {
          path: child,
          real: joinPath(real, name),
          size: entry.size,
          handle: entry.handle,
          from,
          tally,
          as: 'name',
        } as const
        frontier.addSource(sourceOf(settings, unit))
        large++
      } else if (settings.attributesOnly && entry.size !== undefined && canBe(from, entry.size)) {
        found++
        if (directory.everywhere) findFile(run, { path: child, size: entry.size, tally })
      } else files.push(entry)
    } else if (kind === 'directory') {
      if (filter.directory(child, name)) {
        const below = real === path ? child : joinPath(real, name)
        frontier.addUnit({
          kind: 'directory',
          path: child,
          real: below,
          id: entry.id,
          handle: entry.handle,
          from,
          lineage,
          tally,
        })
        directories++
      } else leftOut.add(child, 'directory', entry)
    } else if (kind === 'unknown') {
      const { error = new WalkError('OTHER', `${child}: the mount does not say what it is`) } = entry
      const failed = { mount: from, error }
      if (!isWanted(deciding, child, name, kind)) leftOut.add(child, 'file', entry)
      else frontier.addUnit({ kind: 'entry', path: child, real: joinPath(real, name), lineage, failed, tally })
    } else if (kind === 'other' || symlinks === 'none') special++
    else if (isWanted(deciding, child, name, kind))
      frontier.addUnit({ kind: 'link', path: child, real: joinPath(real, name), lineage, tally })
    else leftOut.add(child, 'file', entry)
  }
  if (files.length > 0) frontier.addSource(new FileBatch({ directory: path, real, files, from, tally }))
  if (files.length + large + found + directories > 0)
    tallies.found(tally, path, { listed: 0, directories, files: files.length + large + found, bytes })
  if (found > 0) tallies.findThrough(tally, from.name, found)
  leftOut.count()
  if (special > 0) tallies.count(tally, 'specialSkipped', special)
}

/** Counts what a filter leaves out of a page, by rule. */
export class LeftOut {
  readonly #run: Run
  readonly #tally: Tally
  readonly #byRule = new Map<string, number>()

  readonly #filter: WalkFilter

  constructor(run: Run, tally: Tally, filter: WalkFilter = run.settings.filter) {
    this.#run = run
    this.#tally = tally
    this.#filter = filter
  }

  add(path: string, kind: LeftOutEntry['kind'], { name, size, modifiedMs }: Omit<Entry, 'kind'>): void {
    const rule = this.#filter.leftOutBy?.({ path, name, kind, size, modifiedMs }) ?? 'filter'
    this.#byRule.set(rule, (this.#byRule.get(rule) ?? 0) + 1)
  }

  /** Call once, at the end. */
  count(): void {
    for (const [rule, entries] of this.#byRule) this.#run.tallies.leaveOut(this.#tally, rule, entries)
  }
}

/** Counts one entry that a filter leaves out. */
export function leaveOut(
  run: Run,
  tally: Tally,
  path: string,
  kind: LeftOutEntry['kind'],
  entry: Omit<Entry, 'kind'>,
): void {
  const one = new LeftOut(run, tally)
  one.add(path, kind, entry)
  one.count()
}

/** Where nobody knows yet what it is, or leads to: false when no answer could let it stay. */
export function isWanted({ settings }: Pick<Run, 'settings'>, path: string, name: string, kind: EntryKind): boolean {
  const { filter, symlinks } = settings
  if (kind === 'file') return filter.file(path, name)
  if (kind === 'directory') return filter.directory(path, name)
  if (kind === 'other' || (kind === 'symlink' && symlinks === 'none')) return false
  return filter.file(path, name) || ((kind === 'unknown' || symlinks === 'all') && filter.directory(path, name))
}

/** Counts a file of a walk that reads nothing. */
export function findFile(
  { settings, tallies, sample }: Run,
  { path, size, tally }: { readonly path: string; readonly size: number; readonly tally: Tally },
): void {
  tallies.find(tally, { size, wanted: Math.min(size, settings.headBytes) })
  sample?.offer(path, size)
}

/** By size and time, as far as the listing knew them. */
export const attributesPass = ({ settings: { filter } }: Run, { size, modifiedMs }: Entry): boolean =>
  !filter.needsAttributes ||
  ((size === undefined || filter.size(size)) && (modifiedMs === undefined || filter.modified(modifiedMs)))

/** So many names tell how long a filter takes; fewer are never worth a pause. */
const sampleNames = 16
/** Milliseconds for which nothing else of the process has its turn. */
const atOnceMs = 20

export interface NamesOf {
  /** Of the directory. */
  readonly path: string
  readonly entries: readonly Entry[]
  readonly now: () => number
  /** False once nobody wants to know any more. */
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
  readonly #filter: WalkFilter
  readonly #files = new Map<string, boolean>()
  readonly #directories = new Map<string, boolean>()
  readonly #rules = new Map<string, string | undefined>()

  constructor(filter: WalkFilter) {
    this.#filter = filter
    this.needsAttributes = filter.needsAttributes
  }

  file(path: string, name: string): boolean {
    return remembered(this.#files, path, () => this.#filter.file(path, name))
  }

  directory(path: string, name: string): boolean {
    return remembered(this.#directories, path, () => this.#filter.directory(path, name))
  }

  leftOutBy(entry: LeftOutEntry): string {
    return remembered(this.#rules, entry.path, () => this.#filter.leftOutBy?.(entry)) ?? 'filter'
  }

  size(bytes: number): boolean {
    return this.#filter.size(bytes)
  }

  modified(ms: number): boolean {
    return this.#filter.modified(ms)
  }
}

function remembered<T>(answers: Map<string, T>, path: string, ask: () => T): T {
  const known = answers.get(path)
  if (known !== undefined || answers.has(path)) return known as T
  const answer = ask()
  answers.set(path, answer)
  return answer
}
