import { asWalkError, WalkError } from './errors.ts'
import { FileBatch } from './file-batch.ts'
import type { LinkUnit, PartUnit } from './frontier.ts'
import type { Lineage } from './lineage.ts'
import type { ListingRun } from './list.ts'
import type { Entry } from './mount.ts'
import { openListed } from './open-listed.ts'
import { attributesPass, leaveOut } from './page.ts'
import type { WalkPart } from './parts.ts'
import { nameOf } from './paths.ts'
import type { Run } from './run.ts'
import { largeFile, sourceOf } from './sources.ts'
import type { Tally } from './tallies.ts'

interface Found {
  readonly path: string
  readonly real: string
  readonly entry: Entry
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

/** Finds out what a part is, and puts it into the frontier. */
export async function openPart(run: ListingRun, unit: PartUnit): Promise<void> {
  const { part, tally } = unit
  const path = part.kind === 'files' ? part.directory : part.path
  await attempt(run, unit, path, async () => {
    if (run.settings.symlinks === 'none' && part.kind !== 'tree')
      return await addPart(run, part, path, undefined, tally)
    if (run.settings.symlinks === 'none')
      return addTree(run, { path, real: path, entry: await run.resolver.stat(path), lineage: undefined, tally })
    const located = await run.resolver.locate(path)
    if (part.kind === 'tree') addTree(run, { path, ...located, tally })
    else await addPart(run, part, located.real, located.lineage, tally)
  })
}

async function attempt(run: Run, unit: LinkUnit | PartUnit, path: string, open: () => Promise<void>): Promise<void> {
  try {
    await open()
  } catch (error) {
    if (run.settings.signal.aborted) return
    if (run.going) run.fail(unit.tally, path, asWalkError(error))
    else run.giveBack(unit)
  }
}

function addPart(
  run: ListingRun,
  part: Exclude<WalkPart, { kind: 'tree' }>,
  real: string,
  lineage: Lineage | undefined,
  tally: Tally,
): Promise<void> | undefined {
  const { frontier } = run
  if (part.kind === 'listing')
    frontier.addUnit({ kind: 'directory', path: part.path, real, lineage, resume: part.resume, tally })
  else if (part.kind === 'files') {
    if (part.listed) return openListed(run, part, { real, lineage, tally })
    const files = part.names.map((name): Entry => ({ name, kind: 'file' }))
    frontier.addSource(new FileBatch({ directory: part.directory, real, files, tally }))
  } else {
    const { path, offset, length = Infinity, ordinal } = part
    const unit = { path, real, tally, as: 'name' } as const
    if (!run.settings.attributesOnly) frontier.addSource(largeFile(run.settings, unit, { offset, length, ordinal }))
    else if (offset === 0) frontier.addSource(sourceOf(run.settings, unit))
  }
  return undefined
}

function addTree(run: Run, found: Found): void {
  const { kind } = found.entry
  if (kind === 'directory') addDirectory(run, found)
  else if (kind === 'file') addFile(run, found)
  else if (kind === 'symlink')
    throw new WalkError('NOT_A_FILE', `${found.path}: a symbolic link, and links are not followed`)
  else throw new WalkError('NOT_A_FILE', `${found.path}: neither a file nor a directory`)
}

function addDirectory({ frontier }: Run, { path, real, entry, lineage, tally }: Found): void {
  frontier.addUnit({ kind: 'directory', path, real, id: entry.id, lineage, tally })
}

function addFile(run: Run, { path, real, entry, tally }: Found): void {
  if (run.settings.filter.file(path, nameOf(path)) && attributesPass(run, entry))
    run.frontier.addSource(sourceOf(run.settings, { path, real, size: entry.size, tally, as: 'tree' }))
  else leaveOut(run, tally, path, 'file', { ...entry, name: nameOf(path) })
}
