import { asWalkError, WalkError } from './errors.ts'
import { FileBatch } from './file-batch.ts'
import { hashPath } from './hash.ts'
import type { Lineage } from './lineage.ts'
import type { ListingRun } from './list.ts'
import { canBe, type Entry, type Mount } from './mount.ts'
import { attributesPass, findFile, LeftOut, leaveOut } from './page.ts'
import type { FilesPart } from './parts.ts'
import { joinPath } from './paths.ts'
import type { Run } from './run.ts'
import { isLarge, sourceOf } from './sources.ts'
import type { Tally } from './tallies.ts'

/** Fewer names of one directory are looked up one by one; from here on its listing may bring them faster. */
const worthListing = 16
/** A listing in which fewer than one name in so many is wanted brings them no faster. */
const dense = 4
const looksAtOnce = 16

/** Where the files of a part lie. */
export interface Place {
  readonly real: string
  readonly lineage: Lineage | undefined
  readonly tally: Tally
}

/**
 * Files of a list: names of one directory of which nothing is known. Where many are wanted of it, its listing brings
 * sizes and handles, so that each then costs one read; the others are read by their path, which tells what they are.
 * Filters by name don't hold for what a list names, those by size and time do. Never throws.
 */
export async function openListed(run: ListingRun, part: FilesPart, place: Place): Promise<void> {
  const wanted = new Set(part.names)
  if (wanted.size >= worthListing) await lookInListing(run, part, place, wanted)
  if (wanted.size === 0) return
  if (!run.going) giveBack(run, part, place, wanted)
  else if (run.settings.filter.needsAttributes) await lookAtEach(run, part, place, wanted)
  else addByName(run, part, place, wanted)
}

/** Takes from `wanted` what the directory's listing shows, for as long as it is dense enough. */
async function lookInListing(run: ListingRun, part: FilesPart, place: Place, wanted: Set<string>): Promise<void> {
  const { attributesOnly, filter, signal } = run.settings
  const [member] = run.mounts.order(hashPath(part.directory))
  if (member === undefined) return
  const { mount } = member
  const options = { attributes: attributesOnly || filter.needsAttributes, signal }
  const pages = mount.list({ path: place.real }, options)[Symbol.asyncIterator]()
  let seen = 0
  let found = 0
  try {
    for (let page = await pages.next(); !page.done && run.going; page = await pages.next()) {
      const files: Entry[] = []
      for (const entry of page.value.entries) {
        seen++
        // A link or a directory is found out, or refused, where the path is opened.
        if (!wanted.has(entry.name) || entry.kind !== 'file') continue
        wanted.delete(entry.name)
        files.push(entry)
      }
      found += files.length
      addFound(run, part, place, mount, files)
      if (wanted.size === 0 || found * dense < seen) return
      await run.roomForPage()
    }
  } catch {
    // Reading each by its path, through every mount, will say what is wrong.
  } finally {
    await pages.return?.()?.catch?.(() => {})
  }
}

function addFound(
  run: Run,
  { directory }: FilesPart,
  { real, tally }: Place,
  mount: Mount,
  all: readonly Entry[],
): void {
  const { settings, frontier } = run
  const { attributesOnly, listThrough } = settings
  const leftOut = new LeftOut(run, tally)
  const files = all.filter((entry) => {
    const passes = attributesPass(run, entry)
    if (!passes) leftOut.add(joinPath(directory, entry.name), 'file', entry)
    return passes
  })
  leftOut.count()
  const isCounted = ({ size }: Entry): boolean => size !== undefined && canBe(mount, size)
  const counted = attributesOnly && listThrough === 'one' ? files.filter(isCounted) : []
  for (const { name, size = 0 } of counted) findFile(run, { path: joinPath(directory, name), size, tally })
  if (counted.length > 0) run.tallies.findThrough(tally, mount.name, counted.length)
  const left = counted.length === 0 ? files : files.filter((entry) => !isCounted(entry))
  // Large ones are read in pieces from the first on, which others may take over.
  const large = left.filter(({ size }) => isLarge(settings, size))
  for (const { name, size, handle } of large) {
    const unit = { path: joinPath(directory, name), real: joinPath(real, name), size, handle, from: mount, tally }
    frontier.addSource(sourceOf(settings, { ...unit, as: 'name' }))
  }
  const small = large.length === 0 ? left : left.filter(({ size }) => !isLarge(settings, size))
  if (small.length > 0) frontier.addSource(new FileBatch({ directory, real, files: small, from: mount, tally }))
}

/** Sizes and times matter, and no listing told them. */
async function lookAtEach(run: Run, part: FilesPart, place: Place, wanted: Set<string>): Promise<void> {
  const { directory } = part
  const { tally } = place
  const lane = async (): Promise<void> => {
    for (const name of wanted) {
      if (!run.going) return
      wanted.delete(name)
      const path = joinPath(directory, name)
      try {
        const entry = await run.resolver.stat(joinPath(place.real, name))
        if (entry.kind !== 'file') throw new WalkError('NOT_A_FILE', `${path}: not a regular file`)
        if (attributesPass(run, entry)) {
          const files = [{ name, kind: 'file' as const }]
          run.frontier.addSource(new FileBatch({ directory, real: place.real, files, tally }))
        } else leaveOut(run, tally, path, 'file', entry)
      } catch (error) {
        if (run.settings.signal.aborted) return
        if (run.going) run.fail(tally, path, asWalkError(error))
        else wanted.add(name)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(looksAtOnce, wanted.size) }, lane))
  if (wanted.size > 0) giveBack(run, part, place, wanted)
}

function addByName(run: Run, { directory }: FilesPart, { real, lineage, tally }: Place, wanted: Set<string>): void {
  if (run.settings.symlinks === 'none') {
    const files = Array.from(wanted, (name): Entry => ({ name, kind: 'file' }))
    run.frontier.addSource(new FileBatch({ directory, real, files, tally }))
    return
  }
  for (const name of wanted)
    run.frontier.addUnit({ kind: 'link', path: joinPath(directory, name), real: joinPath(real, name), lineage, tally })
}

function giveBack(run: Run, part: FilesPart, { tally }: Place, wanted: Set<string>): void {
  run.giveBack({ kind: 'part', part: { ...part, names: [...wanted] }, tally })
}
