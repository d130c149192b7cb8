import { asWalkError, WalkError } from '../errors.ts'
import type { Entry, Mount } from '../mounts/mount.ts'
import { joinPath, nameOf, parentOf, shownPath, tooLong } from '../paths.ts'
import type { Context } from './context.ts'
import { openListed, type Place } from './listed.ts'
import { attributesPass, leaveOut, takePage } from './page.ts'
import type { FilesPart, RangePart } from './parts.ts'
import type { Lineage } from './resolver.ts'
import { FileBatch, largeFile, sourceOf } from './sources.ts'
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
