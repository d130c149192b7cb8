import type { MountRead } from './counters.ts'
import { asWalkError, type WalkError } from './errors.ts'
import { hashPath } from './hash.ts'
import type { LargeFile } from './large-file.ts'
import type { ReadOptions, ReadOutcome } from './mount.ts'
import { handleFor, type Member } from './mount-set.ts'
import type { Chunk, ReadUnit } from './read-unit.ts'
import type { Run } from './run.ts'
import { largeFile } from './sources.ts'

/** What came of reading a unit through its mounts, one after the other as they ended. */
interface Attempt {
  readonly reads: MountRead[]
  readonly errors: { readonly member: Member; readonly error: WalkError }[]
  /** The walk stopped before every mount had its turn. */
  broken: boolean
}

/**
 * Reads one unit: through the mount that its path's hash names and, when that is done, through the others at once, so
 * that a clustered cache fetches it from afar a single time. Called with a read slot taken.
 */
export async function readUnit(run: Run, unit: ReadUnit): Promise<void> {
  const readers = run.mounts.readers(hashPath(unit.path) + (unit.chunk?.ordinal ?? 0))
  const attempt: Attempt = { reads: [], errors: [], broken: false }
  let { chunk } = unit
  if (chunk) run.begun.add(chunk.file)
  let holdsSlot = true
  let at = 0
  while (at < readers.length && attempt.reads.length === 0 && !attempt.broken) {
    const member = readers[at++]
    if (!member || chunk?.file.errors.has(member.name)) continue
    const outcome = await readThrough(run, unit, chunk, member, attempt, holdsSlot)
    holdsSlot = false
    if (outcome) chunk = planned(run, unit, chunk, outcome)
  }
  if (holdsSlot) run.slots.give()
  if (at < readers.length && !attempt.broken)
    await Promise.all(
      readers
        .slice(at)
        .map((member) =>
          chunk?.file.errors.has(member.name) ? undefined : readThrough(run, unit, chunk, member, attempt, false),
        ),
    )
  if (chunk) finishChunk(run, chunk, attempt)
  else finishFile(run, unit, attempt)
}

/** Undefined when it failed, or when the walk stopped first; the attempt says which. */
async function readThrough(
  run: Run,
  unit: ReadUnit,
  chunk: Chunk | undefined,
  member: Member,
  attempt: Attempt,
  holdsSlot: boolean,
): Promise<ReadOutcome | undefined> {
  const { mount, name, limiter } = member
  const { settings, slots } = run
  if (!holdsSlot && !slots.tryTake()) await slots.take()
  const { live } = run.tallies
  live.inFlight++
  try {
    const options: ReadOptions = {
      offset: chunk?.offset ?? 0,
      length: chunk?.length ?? Math.min(settings.headBytes, settings.chunkBytes),
      signal: settings.signal,
    }
    const target = { path: unit.real, handle: handleFor(unit.handle, unit.from, mount) }
    const begin = (): Promise<ReadOutcome> | undefined => (run.going ? mount.read(target, options) : undefined)
    const outcome = await (limiter ? limiter.run(async () => begin()) : begin())
    if (outcome) attempt.reads.push({ mount: name, bytes: outcome.bytes })
    else attempt.broken = true
    return outcome
  } catch (error) {
    if (settings.signal.aborted) attempt.broken = true
    else attempt.errors.push({ member, error: asWalkError(error) })
    return undefined
  } finally {
    live.inFlight--
    slots.give()
  }
}

/** After the first read: a file that goes on is a large one from here, with what was just read as its first chunk. */
function planned(run: Run, unit: ReadUnit, chunk: Chunk | undefined, outcome: ReadOutcome): Chunk | undefined {
  const { headBytes, chunkBytes } = run.settings
  if (chunk?.file.planned) return chunk
  let first = chunk
  if (!first) {
    if (outcome.end || headBytes <= chunkBytes) return undefined
    const file = largeFile(run, unit, { offset: 0, length: headBytes, ordinal: 0 })
    first = file.next()?.chunk
    run.begun.add(file)
  }
  if (!first) return undefined
  first.file.plan(outcome.end ? 0 : (outcome.size ?? 0))
  run.frontier.addSource(first.file)
  return first
}

function finishFile(run: Run, unit: ReadUnit, { reads, errors, broken }: Attempt): void {
  if (broken) return run.giveBack(unit)
  const ok = errors.length === 0
  const bytes = ok ? (reads[0]?.bytes ?? 0) : 0
  run.tallies.achieve(unit.tally, { files: ok ? 1 : 0, bytes, reads })
  for (const { member, error } of errors) run.fail(unit.tally, unit.path, error, member.name)
  if (ok) run.emit({ kind: 'file', path: unit.path, bytes, reads })
}

function finishChunk(run: Run, chunk: Chunk, { reads, errors, broken }: Attempt): void {
  const { file } = chunk
  // One failure a file and mount: where a chunk failed, the file's others need not try.
  for (const { member, error } of errors) if (!file.errors.has(member.name)) file.errors.set(member.name, error)
  if (broken) file.giveBack(chunk)
  else file.done(chunk, reads[0]?.bytes ?? 0, reads)
  if (file.finished && run.going) closeFile(run, file)
}

/** Counts what was read of a large file. */
export function closeFile(run: Run, file: LargeFile): void {
  const { unit, errors } = file
  const achieved = file.achieved()
  run.begun.delete(file)
  run.tallies.achieve(unit.tally, achieved)
  for (const [mount, error] of errors) run.fail(unit.tally, unit.path, error, mount)
  if (achieved.files === 1) run.emit({ kind: 'file', path: unit.path, bytes: achieved.bytes, reads: achieved.reads })
}
