import { tooLarge, WalkError } from '../errors.ts'
import { canBe, type Mount, type ReadOutcome } from '../mounts/mount.ts'
import { hashPath, parentOf } from '../paths.ts'
import type { ArrivingRead, Context } from './context.ts'
import type { MountRead } from './counters.ts'
import type { FileEntry } from './entries.ts'
import type { Member } from './mount-set.ts'
import { findFile } from './page.ts'
import { Passage, type PassageOwner } from './passage.ts'
import { type Chunk, type LargeFile, largeFile, type ReadUnit } from './sources.ts'

/** Called when a unit has ended, in success or failure. */
export interface ReadEnd {
  done(): void
  /** Something threw that must not. */
  crashed(error: unknown): void
}

/**
 * Reads one unit: through the mount that its path's hash names and, when that is done, through the others at once, so
 * that a clustered cache fetches it from afar a single time. Called with a read slot taken, which it gives back. `end`
 * hears nothing before this has returned.
 */
export const readUnit = (context: Context, unit: ReadUnit, end: ReadEnd): void =>
  new Reading(context, unit, end).begin()

const none: readonly never[] = []

interface FailedRead {
  readonly mount: string
  readonly error: WalkError
}

/** One per file, thousands at a time: objects and promises are costly here. */
class Reading implements PassageOwner, ArrivingRead {
  readonly hash: number
  unit: ReadUnit
  chunk: Chunk | undefined
  private readonly context: Context
  private readonly end: ReadEnd
  private readonly readers: readonly Member[]
  /** Readers that have begun, and how many of them are still reading. */
  private begun = 0
  private out = 0
  private reads: readonly MountRead[] = none
  private errors: readonly FailedRead[] = none
  /** The walk stopped before every mount had its turn. */
  private broken = false
  /** Bytes that the file has, as its reads tell; of a walk that reads nothing, as its attributes do. */
  private size: number | undefined
  /** A mount has more of the file than what it was read for. */
  private inPart = false
  /** What has arrived, each byte once: through the mount that is first. */
  bytes = 0
  private isArriving = false

  constructor(context: Context, unit: ReadUnit, end: ReadEnd) {
    this.context = context
    this.end = end
    this.unit = unit
    this.chunk = unit.chunk
    this.hash = (unit.hash ?? hashPath(unit.path)) + (unit.chunk?.ordinal ?? 0)
    this.readers = context.mounts.readers(this.hash)
    if (unit.chunk) context.begun.add(unit.chunk.file)
  }

  begin(): void {
    const [first] = this.readers
    if (!first) throw new Error('a walk without mounts')
    this.begun = 1
    this.out = 1
    new Passage(this.context, this, first).start()
  }

  /** Only the mount that is first to read a file has to fetch it: the others find it in the cache. */
  came(mount: string, { bytes, end, size, firstMs }: ReadOutcome, tookMs: number): void {
    if (!end) this.inPart = true
    this.size = size ?? (end ? (this.chunk?.offset ?? 0) + bytes : this.size)
    if (this.reads.length === 0) this.bytes = bytes
    const isTimed = this.reads.length === 0 && this.context.settings.read
    const read = { mount, bytes, firstMs: isTimed ? (firstMs ?? tookMs) : undefined }
    this.reads = this.reads === none ? [read] : [...this.reads, read]
  }

  arrived(bytes: number): void {
    if (!this.isArriving) this.context.arriving.add(this)
    this.isArriving = true
    if (this.reads.length === 0) this.bytes += bytes
  }

  failed(mount: string, error: WalkError): void {
    this.errors = [...this.errors, { mount, error }]
  }

  broke(): void {
    this.broken = true
  }

  passed(outcome: ReadOutcome | undefined): void {
    this.out--
    if (outcome && this.reads.length === 1) this.plan(outcome)
    // Until one has read it, the next is again the first.
    if (this.begun < this.readers.length && !this.broken) this.goOn(this.reads.length === 0 ? 1 : Infinity)
    else if (this.out === 0) this.finish()
  }

  crashed(error: unknown): void {
    this.end.crashed(error)
  }

  async look(mount: Mount): Promise<ReadOutcome> {
    const { path, real } = this.unit
    const entry = await mount.stat(real, { signal: this.context.settings.signal })
    const { kind, size = 0 } = entry
    if (kind !== 'file') throw new WalkError('NOT_A_FILE', `${path}: not a regular file`)
    if (!canBe(mount, size)) throw tooLarge(path, size)
    this.size = size
    this.unit = { ...this.unit, listed: entry }
    return { bytes: 0, end: true, size }
  }

  private goOn(count: number): void {
    const { slots } = this.context
    const next = this.readers.slice(this.begun, this.begun + count)
    this.begun += next.length
    this.out += next.length
    for (const member of next) {
      const passage = new Passage(this.context, this, member)
      if (slots.tryTake()) passage.start()
      else void slots.take().then(() => passage.start())
    }
  }

  /** After the first read: a file that is longer is a large one from here, with what was just read as its first chunk. */
  private plan({ end, size = 0 }: ReadOutcome): void {
    const { frontier, begun, settings } = this.context
    if (!this.chunk) {
      if (end || settings.headBytes <= settings.chunkBytes) return
      // What a listing said of its size may be old by now; this read knows better.
      const unit = { ...this.unit, size: undefined }
      this.learnSize(Math.min(size, settings.headBytes))
      const file = largeFile(settings, unit, { offset: 0, length: settings.headBytes, ordinal: 0 })
      this.chunk = file.next()?.chunk
      begun.add(file)
      file.plan(size)
      frontier.addSource(file)
      return
    }
    const { file } = this.chunk
    if (file.planned) return
    file.plan(end ? 0 : size)
    frontier.addSource(file)
  }

  /** Of a file whose listing told no size: what it adds to the bytes that were found. */
  private learnSize(bytes: number): void {
    const { path, size, from, tally } = this.unit
    if (size === undefined && from !== undefined)
      this.context.tallies.found(tally, parentOf(path), { listed: 0, directories: 0, files: 0, bytes })
  }

  private finish(): void {
    if (this.isArriving) this.context.arriving.delete(this)
    if (this.chunk) this.finishChunk(this.chunk)
    else if (this.broken) this.context.giveBack(this.unit)
    else this.finishFile()
    this.end.done()
  }

  private finishFile(): void {
    const { path, tally } = this.unit
    const { tallies, settings } = this.context
    const ok = this.errors.length === 0
    const isFound = ok && !settings.read
    const bytes = ok ? (this.reads[0]?.bytes ?? 0) : 0
    const files = ok && !isFound ? 1 : 0
    const filesInPart = files === 1 && this.inPart ? 1 : 0
    tallies.achieve(tally, { files, filesInPart, bytes, reads: this.reads })
    if (isFound) findFile(this.context, { path, size: this.size ?? 0, listed: this.unit.listed, tally })
    else if (ok) this.context.entries?.push(this.entry(bytes))
    for (const { mount, error } of this.errors) this.context.fail(tally, path, error, mount)
  }

  private entry(bytes: number): FileEntry {
    const { path, size, listed } = this.unit
    const reads = this.reads
    const modifiedMs = listed?.modifiedMs
    return { kind: 'file', path, size: this.size ?? size, modifiedMs, bytes, complete: !this.inPart, reads }
  }

  private finishChunk(chunk: Chunk): void {
    const { file } = chunk
    const { frontier, mounts } = this.context
    for (const { mount, error } of this.errors) if (!file.errors.has(mount)) file.errors.set(mount, error)
    if (this.errors.length > 0 && mounts.names.every((name) => file.errors.has(name))) {
      frontier.drop(file)
      file.abandon()
    }
    if (this.broken) file.giveBack(chunk)
    else {
      file.done(chunk, this.reads[0]?.bytes ?? 0, this.reads)
      file.size = this.size ?? file.size
      this.context.tallies.live.chunks++
    }
    if (file.finished && this.context.going) closeFile(this.context, file)
  }
}

/** Counts what was read of a large file. */
export function closeFile(context: Context, file: LargeFile): void {
  const { unit, errors, size } = file
  const achieved = file.achieved(context.settings.headBytes)
  context.begun.delete(file)
  context.tallies.achieve(unit.tally, achieved)
  for (const [mount, error] of errors) context.fail(unit.tally, unit.path, error, mount)
  if (achieved.files === 0) return
  const { bytes, reads } = achieved
  const complete = size !== undefined && bytes >= size
  const { path, listed } = unit
  context.entries?.push({ kind: 'file', path, size, modifiedMs: listed?.modifiedMs, bytes, complete, reads })
}
