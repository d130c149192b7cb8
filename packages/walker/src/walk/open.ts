import { asWalkError, WalkError } from '../errors.ts'
import { canBe, type Entry, type Mount } from '../mounts/mount.ts'
import { hashPath, joinPath, nameOf, parentOf, shownPath, tooLong } from '../paths.ts'
import type { Context } from './context.ts'
import { attributesPass, findFile, LeftOut, leaveOut, takePage } from './page.ts'
import type { FilesPart, RangePart } from './parts.ts'
import type { Lineage } from './resolver.ts'
import { FileBatch, isLarge, largeFile, sourceOf } from './sources.ts'
import type { Tally } from './tallies.ts'
import type { EntryUnit, LinkUnit, PartUnit } from './units.ts'

interface Found {
  readonly path: string
  readonly real: string
  readonly entry: Entry
  readonly from: Mount
  readonly lineage: Lineage | undefined
  readonly tally: Tally
}

/** Finds out what a link leads to, and puts that into the frontier. */
export async function openLink(context: Context, unit: LinkUnit): Promise<void> {
  const { path, lineage, tally } = unit
  await attempt(context, unit, path, async () => {
    const found = { path, lineage, tally, ...(await context.resolver.follow(unit.real)) }
    const { kind } = found.entry
    if (kind === 'file') addFile(context, found)
    else if (kind !== 'directory' || context.settings.symlinks !== 'all') context.tallies.count(tally, 'specialSkipped')
    else if (context.settings.filter.directory(path, nameOf(path))) addDirectory(context, found)
    else leaveOut(context, tally, path, 'directory', { ...found.entry, name: nameOf(path) })
  })
}

/** Asks other mounts what an entry is, and puts it into the frontier. */
export async function openEntry(context: Context, unit: EntryUnit): Promise<void> {
  const { path, real, lineage, tally, failed } = unit
  await attempt(context, unit, path, async () => {
    const found = { path, lineage, tally, ...(await context.resolver.look(real, {}, failed)) }
    const { entry, from } = found
    if (entry.kind === 'unknown') throw entry.error ?? failed.error
    // As if its listing had told.
    takePage(context, { path: parentOf(path), real: parentOf(real), lineage, from, tally, everywhere: true }, [
      { ...entry, name: nameOf(path) },
    ])
  })
}

/** Finds out what a part is, and puts it into the frontier. */
export async function openPart(context: Context, unit: PartUnit): Promise<void> {
  const { part, tally } = unit
  const path = part.kind === 'files' ? part.directory : part.path
  await attempt(context, unit, path, async () => {
    const { resolver, settings } = context
    const beyond = tooLong(path)
    if (beyond !== undefined) throw beyond
    const isPlain = settings.symlinks === 'none'
    if (isPlain && (part.kind === 'files' || part.kind === 'range'))
      return await addFiles(context, part, { real: path, lineage: undefined, tally })
    const found = { path, tally, ...(await (isPlain ? resolver.lookUp(path) : resolver.locate(path))) }
    if (part.kind === 'tree') addTree(context, found)
    else if (part.kind === 'listing') addDirectory(context, found, part.resume)
    else await addFiles(context, part, found)
  })
}

async function attempt(
  context: Context,
  unit: LinkUnit | EntryUnit | PartUnit,
  path: string,
  open: () => Promise<void>,
): Promise<void> {
  try {
    await open()
  } catch (error) {
    if (context.settings.signal.aborted) return
    if (context.going) context.fail(unit.tally, shownPath(path), asWalkError(error))
    else context.giveBack(unit)
  }
}

function addFiles(context: Context, part: FilesPart | RangePart, place: Place): Promise<void> | undefined {
  const { frontier, settings } = context
  const { real, tally } = place
  if (part.kind === 'files') {
    const names = namesWithin(context, part, tally)
    if (part.listed) return openListed(context, { ...part, names }, place)
    const files = names.map((name): Entry => ({ name, kind: 'file' }))
    frontier.addSource(new FileBatch({ directory: part.directory, real, files, tally }))
  } else {
    const { path, offset, length = Infinity, ordinal } = part
    const unit = { path, real, tally, as: 'name' } as const
    if (settings.read) frontier.addSource(largeFile(settings, unit, { offset, length, ordinal }))
    else if (offset === 0) frontier.addSource(sourceOf(settings, unit))
  }
  return undefined
}

/** Those whose paths are within the limit; each of the others is a failure. */
function namesWithin(context: Context, { directory, names }: FilesPart, tally: Tally): readonly string[] {
  return names.filter((name) => {
    const path = joinPath(directory, name)
    const beyond = tooLong(path)
    if (beyond !== undefined) context.fail(tally, shownPath(path), beyond)
    return beyond === undefined
  })
}

function addTree(context: Context, found: Found): void {
  const { kind } = found.entry
  if (kind === 'directory') addDirectory(context, found)
  else if (kind === 'file') addFile(context, found)
  else if (kind === 'symlink')
    throw new WalkError('NOT_A_FILE', `${found.path}: a symbolic link, and links are not followed`)
  else throw new WalkError('NOT_A_FILE', `${found.path}: neither a file nor a directory`)
}

function addDirectory(
  { frontier }: Context,
  { path, real, entry, from, lineage, tally }: Found,
  resume?: string,
): void {
  const { id, handle } = entry
  // What is no directory is asked for as one by its path: the mount will say what it is.
  const seen = entry.kind === 'directory' ? { id, handle, from } : {}
  frontier.addUnit({ kind: 'directory', path, real, ...seen, lineage, resume, tally })
}

function addFile(context: Context, { path, real, entry, tally }: Found): void {
  if (context.settings.filter.file(path, nameOf(path)) && attributesPass(context, entry))
    context.frontier.addSource(
      sourceOf(context.settings, { path, real, size: entry.size, listed: entry, tally, as: 'tree' }),
    )
  else leaveOut(context, tally, path, 'file', { ...entry, name: nameOf(path) })
}

/** Fewer names of one directory are looked up one by one; from here on its listing may bring them faster. */
const worthListing = 16
/** A listing in which fewer than one name in this many is wanted brings them no faster. */
const dense = 4
const looksAtOnce = 16

/** Where the files of a part lie. */
interface Place {
  readonly real: string
  readonly lineage: Lineage | undefined
  readonly tally: Tally
}

/**
 * Files of a list: names of one directory, without attributes. If many names are wanted, the directory's listing brings
 * sizes and handles, so that each then costs one read; the others are read by their path, which tells what they are.
 * Filters by name don't hold for what a list names, those by size and time do. Never throws.
 */
async function openListed(context: Context, part: FilesPart, place: Place): Promise<void> {
  const wanted = new Set(part.names)
  if (wanted.size >= worthListing) await lookInListing(context, part, place, wanted)
  if (wanted.size === 0) return
  if (!context.going) giveBack(context, part, place, wanted)
  else if (context.settings.filter.needsAttributes) await lookAtEach(context, part, place, wanted)
  else addByName(context, part, place, wanted)
}

/** Takes from `wanted` what the directory's listing shows, for as long as it is dense enough. */
async function lookInListing(context: Context, part: FilesPart, place: Place, wanted: Set<string>): Promise<void> {
  const { read, attributes, filter, signal } = context.settings
  const [member] = context.mounts.order(hashPath(part.directory))
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
      addFound(context, part, place, mount, files)
      if (wanted.size === 0 || found * dense < seen) return
      await context.roomForPage(place.tally)
    }
  } catch {
    // Reading each by its path, through every mount, will say what is wrong.
  } finally {
    await pages.return?.()?.catch?.(() => {})
  }
}

function addFound(
  context: Context,
  { directory }: FilesPart,
  { real, tally }: Place,
  mount: Mount,
  all: readonly Entry[],
): void {
  const { settings, frontier } = context
  const { read, listThrough } = settings
  const leftOut = new LeftOut(context, tally)
  const files = all.filter((entry) => {
    const passes = attributesPass(context, entry)
    if (!passes) leftOut.add(joinPath(directory, entry.name), 'file', entry)
    return passes
  })
  leftOut.count()
  const isCounted = ({ size }: Entry): boolean => size !== undefined && canBe(mount, size)
  const counted = !read && listThrough === 'one' ? files.filter(isCounted) : []
  for (const listed of counted) {
    const { name, size = 0 } = listed
    findFile(context, { path: joinPath(directory, name), size, listed, tally })
  }
  if (counted.length > 0) context.tallies.findThrough(tally, mount.name, counted.length)
  const left = counted.length === 0 ? files : files.filter((entry) => !isCounted(entry))
  // Large ones are read in pieces from the first on, which others may take over.
  const large = left.filter(({ size }) => isLarge(settings, size))
  for (const listed of large) {
    const { name, size, handle } = listed
    const [path, realPath] = [joinPath(directory, name), joinPath(real, name)]
    const unit = { path, real: realPath, size, handle, listed, from: mount, tally }
    frontier.addSource(sourceOf(settings, { ...unit, as: 'name' }))
  }
  const small = large.length === 0 ? left : left.filter(({ size }) => !isLarge(settings, size))
  if (small.length > 0) frontier.addSource(new FileBatch({ directory, real, files: small, from: mount, tally }))
}

/** Sizes and times matter, and no listing told them. */
async function lookAtEach(context: Context, part: FilesPart, place: Place, wanted: Set<string>): Promise<void> {
  const { directory } = part
  const { tally } = place
  const lane = async (): Promise<void> => {
    for (const name of wanted) {
      if (!context.going) return
      wanted.delete(name)
      const path = joinPath(directory, name)
      try {
        const entry = await context.resolver.stat(joinPath(place.real, name))
        if (entry.kind !== 'file') throw new WalkError('NOT_A_FILE', `${path}: not a regular file`)
        if (attributesPass(context, entry)) {
          const files = [{ name, kind: 'file' as const }]
          context.frontier.addSource(new FileBatch({ directory, real: place.real, files, tally }))
        } else leaveOut(context, tally, path, 'file', entry)
      } catch (error) {
        if (context.settings.signal.aborted) return
        if (context.going) context.fail(tally, path, asWalkError(error))
        else wanted.add(name)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(looksAtOnce, wanted.size) }, lane))
  if (wanted.size > 0) giveBack(context, part, place, wanted)
}

function addByName(
  context: Context,
  { directory }: FilesPart,
  { real, lineage, tally }: Place,
  wanted: Set<string>,
): void {
  if (context.settings.symlinks === 'none') {
    const files = Array.from(wanted, (name): Entry => ({ name, kind: 'file' }))
    context.frontier.addSource(new FileBatch({ directory, real, files, tally }))
    return
  }
  for (const name of wanted)
    context.frontier.addUnit({
      kind: 'link',
      path: joinPath(directory, name),
      real: joinPath(real, name),
      lineage,
      tally,
    })
}

function giveBack(context: Context, part: FilesPart, { tally }: Place, wanted: Set<string>): void {
  context.giveBack({ kind: 'part', part: { ...part, names: [...wanted] }, tally })
}
