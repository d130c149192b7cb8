import { WalkError } from './errors.ts'
import { FileBatch } from './file-batch.ts'
import type { Lineage } from './lineage.ts'
import { canBe, type Entry, type EntryKind, type Mount } from './mount.ts'
import type { LeftOutEntry, WalkFilter } from './options.ts'
import { joinPath, shownPath, tooLong } from './paths.ts'
import type { Run } from './run.ts'
import { isLarge, sourceOf } from './sources.ts'
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
