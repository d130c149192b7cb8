import { asWalkError, WalkError } from './errors.ts'
import { FileBatch } from './file-batch.ts'
import type { EntryUnit, LinkUnit, PartUnit } from './frontier.ts'
import type { Lineage } from './lineage.ts'
import type { ListingRun } from './list.ts'
import type { Entry, Mount } from './mount.ts'
import { openListed, type Place } from './open-listed.ts'
import { attributesPass, leaveOut, takePage } from './page.ts'
import type { FilesPart, RangePart } from './parts.ts'
import { joinPath, nameOf, parentOf, shownPath, tooLong } from './paths.ts'
import type { Run } from './run.ts'
import { largeFile, sourceOf } from './sources.ts'
import type { Tally } from './tallies.ts'

interface Found {
  readonly path: string
  readonly real: string
  readonly entry: Entry
  readonly from: Mount
  readonly lineage: Lineage | undefined
  readonly tally: Tally
}

/** Finds out what a link leads to, and puts that into the frontier. */
export async function openLink(run: Run, unit: LinkUnit): Promise<void> {
  const { path, lineage, tally } = unit
  await attempt(run, unit, path, async () => {
    const found = { path, lineage, tally, ...(await run.resolver.follow(unit.real)) }
    const { kind } = found.entry
    if (kind === 'file') addFile(run, found)
    else if (kind !== 'directory' || run.settings.symlinks !== 'all') run.tallies.count(tally, 'specialSkipped')
    else if (run.settings.filter.directory(path, nameOf(path))) addDirectory(run, found)
    else leaveOut(run, tally, path, 'directory', { ...found.entry, name: nameOf(path) })
  })
}

/** Asks other mounts what an entry is, and puts it into the frontier. */
export async function openEntry(run: Run, unit: EntryUnit): Promise<void> {
  const { path, real, lineage, tally, failed } = unit
  await attempt(run, unit, path, async () => {
    const found = { path, lineage, tally, ...(await run.resolver.look(real, {}, failed)) }
    const { entry, from } = found
    if (entry.kind === 'unknown') throw entry.error ?? failed.error
    // As if its listing had told.
    takePage(run, { path: parentOf(path), real: parentOf(real), lineage, from, tally, everywhere: true }, [
      { ...entry, name: nameOf(path) },
    ])
  })
}

/** Finds out what a part is, and puts it into the frontier. */
export async function openPart(run: ListingRun, unit: PartUnit): Promise<void> {
  const { part, tally } = unit
  const path = part.kind === 'files' ? part.directory : part.path
  await attempt(run, unit, path, async () => {
    const { resolver, settings } = run
    const beyond = tooLong(path)
    if (beyond !== undefined) throw beyond
    const isPlain = settings.symlinks === 'none'
    if (isPlain && (part.kind === 'files' || part.kind === 'range'))
      return await addFiles(run, part, { real: path, lineage: undefined, tally })
    const found = { path, tally, ...(await (isPlain ? resolver.lookUp(path) : resolver.locate(path))) }
    if (part.kind === 'tree') addTree(run, found)
    else if (part.kind === 'listing') addDirectory(run, found, part.resume)
    else await addFiles(run, part, found)
  })
}

async function attempt(
  run: Run,
  unit: LinkUnit | EntryUnit | PartUnit,
  path: string,
  open: () => Promise<void>,
): Promise<void> {
  try {
    await open()
  } catch (error) {
    if (run.settings.signal.aborted) return
    if (run.going) run.fail(unit.tally, shownPath(path), asWalkError(error))
    else run.giveBack(unit)
  }
}

function addFiles(run: ListingRun, part: FilesPart | RangePart, place: Place): Promise<void> | undefined {
  const { frontier, settings } = run
  const { real, tally } = place
  if (part.kind === 'files') {
    const names = namesWithin(run, part, tally)
    if (part.listed) return openListed(run, { ...part, names }, place)
    const files = names.map((name): Entry => ({ name, kind: 'file' }))
    frontier.addSource(new FileBatch({ directory: part.directory, real, files, tally }))
  } else {
    const { path, offset, length = Infinity, ordinal } = part
    const unit = { path, real, tally, as: 'name' } as const
    if (!settings.attributesOnly) frontier.addSource(largeFile(settings, unit, { offset, length, ordinal }))
    else if (offset === 0) frontier.addSource(sourceOf(settings, unit))
  }
  return undefined
}

/** Those whose paths are within the limit; each of the others is a failure. */
function namesWithin(run: Run, { directory, names }: FilesPart, tally: Tally): readonly string[] {
  return names.filter((name) => {
    const path = joinPath(directory, name)
    const beyond = tooLong(path)
    if (beyond !== undefined) run.fail(tally, shownPath(path), beyond)
    return beyond === undefined
  })
}

function addTree(run: Run, found: Found): void {
  const { kind } = found.entry
  if (kind === 'directory') addDirectory(run, found)
  else if (kind === 'file') addFile(run, found)
  else if (kind === 'symlink')
    throw new WalkError('NOT_A_FILE', `${found.path}: a symbolic link, and links are not followed`)
  else throw new WalkError('NOT_A_FILE', `${found.path}: neither a file nor a directory`)
}

function addDirectory({ frontier }: Run, { path, real, entry, from, lineage, tally }: Found, resume?: string): void {
  const { id, handle } = entry
  // What is no directory is asked for as one by its path: the mount will say what it is.
  const seen = entry.kind === 'directory' ? { id, handle, from } : {}
  frontier.addUnit({ kind: 'directory', path, real, ...seen, lineage, resume, tally })
}

function addFile(run: Run, { path, real, entry, tally }: Found): void {
  if (run.settings.filter.file(path, nameOf(path)) && attributesPass(run, entry))
    run.frontier.addSource(sourceOf(run.settings, { path, real, size: entry.size, tally, as: 'tree' }))
  else leaveOut(run, tally, path, 'file', { ...entry, name: nameOf(path) })
}
