import type { WalkError } from '../errors.ts'
import type { Entry, Mount } from '../mounts/mount.ts'
import { hashPath, joinPath, nameOf, parentOf } from '../paths.ts'
import type { MountRead } from './counters.ts'
import type { Settings } from './options.ts'
import type { RangePart, WalkPart } from './parts.ts'
import type { Achieved, Tally } from './tallies.ts'

/** What is read in one go, through each of its mounts: a small file, the beginning of one, or a chunk of a large one. */
export interface ReadUnit {
  /** Under which it is found and reported. */
  readonly path: string
  /** The same without links on the way. */
  readonly real: string
  /** `hashPath` of its path, where it is at hand. */
  readonly hash?: number | undefined
  /** Bytes, where the listing told. */
  readonly size?: number | undefined
  readonly handle?: unknown
  /** What its listing said of it, if it came from one. */
  readonly listed?: Entry | undefined
  /** Whose handle that is. */
  readonly from?: Mount | undefined
  readonly tally: Tally
  /** How it becomes a part when it is not read here: by name in its directory, or as a path to look at first. */
  readonly as: 'name' | 'tree'
  readonly chunk?: Chunk | undefined
}

/** A piece of a large file. */
export interface Chunk {
  readonly file: LargeFile
  readonly offset: number
  /** Infinity: to the end of the file, wherever it is by then. */
  readonly length: number
  /** Turns the choice of the first mount. */
  readonly ordinal: number
}

/** Where units come from, one at a time. */
export interface ReadSource {
  readonly tally: Tally
  /** Units, as `take()` counts them, that are not begun. */
  readonly pending: number
  /** A large file with chunks in flight: other sources come first. Default false. */
  readonly isBusy?: boolean | undefined
  next(): ReadUnit | undefined
  /** Gives up at most `max` units from its far end. */
  give(max: number): { readonly part: WalkPart; readonly units: number }[]
}

export const partOf = ({ path, as }: ReadUnit): WalkPart =>
  as === 'tree' ? { kind: 'tree', path } : { kind: 'files', directory: parentOf(path), names: [nameOf(path)] }

type Cut = Pick<Settings, 'read' | 'headBytes' | 'chunkBytes' | 'rangeBytes'>

/** More of the file is wanted than one chunk. A size that can't be meant is refused by the mount that is to read it. */
export const isLarge = ({ read, headBytes, chunkBytes }: Cut, size: number | undefined): boolean =>
  read && size !== undefined && Math.min(size, headBytes) > chunkBytes

/** The file, or the range of it, as one to read in chunks. */
export function largeFile(
  { chunkBytes, rangeBytes }: Pick<Cut, 'chunkBytes' | 'rangeBytes'>,
  unit: ReadUnit,
  range: { readonly offset: number; readonly length: number; readonly ordinal: number },
): LargeFile {
  return new LargeFile({ unit, ...range, size: unit.size, chunkBytes, rangeBytes })
}

/** One file, to read as far as the walk wants. */
export const sourceOf = (cut: Cut, unit: ReadUnit): ReadSource =>
  isLarge(cut, unit.size)
    ? largeFile(cut, unit, { offset: 0, length: cut.headBytes, ordinal: 0 })
    : new SingleFile(unit)

interface Batch {
  readonly directory: string
  readonly real: string
  readonly files: readonly Entry[]
  readonly from?: Mount | undefined
  readonly tally: Tally
  /** Names of a list: `from` has listed those with a handle alone. Default false. */
  readonly isListed?: boolean
}

/** Files of one directory: what a page of its listing brought, or names that came from elsewhere. */
export class FileBatch implements ReadSource {
  readonly tally: Tally
  private readonly batch: Batch
  /** Of what stands before each name. A path is put together from pieces, and hashing it whole would first copy it. */
  private readonly hash: number
  private at = 0
  private end: number

  constructor(batch: Batch) {
    this.batch = batch
    this.hash = hashPath(joinPath(batch.directory, ''))
    this.end = batch.files.length
    this.tally = batch.tally
  }

  get pending(): number {
    return this.end - this.at
  }

  next(): ReadUnit | undefined {
    const { directory, real: realDirectory, files, from: mount, tally, isListed } = this.batch
    const file = this.at < this.end ? files[this.at] : undefined
    if (!file) return undefined
    this.at++
    const path = joinPath(directory, file.name)
    const real = realDirectory === directory ? path : joinPath(realDirectory, file.name)
    const from = isListed && file.handle === undefined ? undefined : mount
    const hash = hashPath(file.name, this.hash)
    return { path, real, hash, size: file.size, handle: file.handle, listed: file, from, tally, as: 'name' }
  }

  /** More files, to come after those that it has; its array of files has to be its own. */
  append(files: readonly Entry[]): void {
    const own = this.batch.files as Entry[]
    own.length = this.end
    for (const file of files) own.push(file)
    this.end = own.length
  }

  give(max: number): { part: WalkPart; units: number }[] {
    const { directory, files } = this.batch
    const names = files.slice(Math.max(this.at, this.end - max), this.end).map(({ name }) => name)
    this.end -= names.length
    return names.length === 0 ? [] : [{ part: { kind: 'files', directory, names }, units: names.length }]
  }
}

/** A file that did not come from a listing of its directory: a part of its own, or what a link leads to. */
class SingleFile implements ReadSource {
  private unit: ReadUnit | undefined
  readonly tally: ReadUnit['tally']

  constructor(unit: ReadUnit) {
    this.unit = unit
    this.tally = unit.tally
  }

  get pending(): number {
    return this.unit ? 1 : 0
  }

  next(): ReadUnit | undefined {
    const unit = this.unit
    this.unit = undefined
    return unit
  }

  give(max: number): { part: WalkPart; units: number }[] {
    const unit = max > 0 ? this.next() : undefined
    return unit ? [{ part: partOf(unit), units: 1 }] : []
  }
}

interface Span {
  readonly from: number
  readonly to: number
}

/** Ranges that a file is cut into at most: a larger one is cut into larger ranges, and each of these where it is read. */
const mostRanges = 64

/** The file, the bytes of it that are wanted, and how it is cut. */
export interface LargeFileOptions {
  readonly unit: Omit<ReadUnit, 'chunk'>
  readonly offset: number
  /** The bytes from `offset` on that are wanted; Infinity: to the end, wherever it is when the last chunk is read. */
  readonly length: number
  /** Bytes; undefined: the first chunk finds out. */
  readonly size: number | undefined
  readonly ordinal: number
  readonly chunkBytes: number
  readonly rangeBytes: number
}

/**
 * A file, or a range of one, that is read in chunks, in parallel and by turns through the mounts. It keeps account of
 * what is done, so that the rest can go elsewhere in ranges, each byte exactly once.
 */
export class LargeFile implements ReadSource {
  private readonly options: LargeFileOptions
  /** Bytes before this are begun. */
  private cursor: number
  /** Bytes from here on are not wanted, or handed away. */
  private limit: number
  /** Where the file ends, as far as planned; undefined until the size is known. */
  private end: number | undefined
  /** Bytes of a range, as planned. */
  private rangeBytes: number
  private inFlight = 0
  private returned: Span[] = []
  private readBytes = 0
  /** Undefined until the beginning is done. */
  private begunThrough: Set<string> | undefined
  /** Of the beginning, by the mount. */
  private readonly firstMs = new Map<string, number | undefined>()
  private readonly reads = new Map<string, number>()
  readonly errors: Map<string, WalkError> = new Map()
  /** Bytes that the file has, as the last read told, or the listing; undefined until one did. */
  size: number | undefined

  constructor(options: LargeFileOptions) {
    this.options = options
    this.cursor = options.offset
    this.limit = options.offset + options.length
    this.rangeBytes = options.rangeBytes
    this.size = options.size
    if (options.size !== undefined) this.plan(options.size)
    else if (options.length !== Infinity) this.plan(this.limit)
  }

  get unit(): Omit<ReadUnit, 'chunk'> {
    return this.options.unit
  }

  get tally(): ReadUnit['tally'] {
    return this.options.unit.tally
  }

  /** Bytes of the chunks that were read. */
  get bytes(): number {
    return this.readBytes
  }

  /** Bytes that are to be read here, as far as is known. */
  get wanted(): number | undefined {
    return this.end === undefined ? undefined : this.end - this.options.offset
  }

  get pending(): number {
    if (this.end === undefined) return this.begun ? 0 : 1
    return Math.ceil((this.end - this.cursor) / this.rangeBytes)
  }

  get isBusy(): boolean {
    return this.inFlight > 0
  }

  /** Nothing is left to begin, and nothing in flight. */
  get finished(): boolean {
    return this.inFlight === 0 && this.begun && this.pending === 0
  }

  /** The size is known: the chunks are planned from it. A file that has shrunk meanwhile ends where it was begun. */
  plan(size: number): void {
    this.end = Math.max(this.cursor, Math.min(size, this.limit))
    this.rangeBytes = Math.max(this.options.rangeBytes, Math.ceil((this.end - this.cursor) / mostRanges))
  }

  /** No mount is left that could read it: what is not begun is not wanted any more. */
  abandon(): void {
    this.limit = this.cursor
    this.end = this.cursor
  }

  get planned(): boolean {
    return this.end !== undefined
  }

  next(): ReadUnit | undefined {
    const { unit, offset: start, ordinal, chunkBytes } = this.options
    if (this.pending === 0) return undefined
    const offset = this.cursor
    const last = this.end !== undefined && offset + chunkBytes >= this.end
    const length = Math.min(last ? Infinity : chunkBytes, this.limit - offset)
    this.cursor = last && this.end !== undefined ? this.end : offset + length
    this.inFlight++
    const chunk: Chunk = { file: this, offset, length, ordinal: ordinal + Math.floor((offset - start) / chunkBytes) }
    return { ...unit, chunk }
  }

  /** The chunk was read through every mount that had not failed before, or they failed. */
  done(chunk: Chunk, bytes: number, reads: readonly MountRead[]): void {
    this.inFlight--
    this.readBytes += bytes
    if (chunk.offset === 0) {
      this.begunThrough = new Set(reads.map(({ mount }) => mount))
      for (const { mount, firstMs } of reads) this.firstMs.set(mount, firstMs)
    }
    for (const read of reads) this.reads.set(read.mount, (this.reads.get(read.mount) ?? 0) + read.bytes)
  }

  /** The chunk was begun, and the walk stopped before it was read through all its mounts. */
  giveBack(chunk: Chunk): void {
    this.inFlight--
    this.returned.push({ from: chunk.offset, to: Math.min(chunk.offset + chunk.length, this.end ?? Infinity) })
  }

  /** Ranges of one file are parts of a walk, or of several: by what is wanted of a file, not by what is read here, it is in part. */
  achieved(headBytes: number): Achieved {
    const ok = this.errors.size === 0
    const files = ok && this.begunThrough ? 1 : 0
    const reads = [...this.reads].filter(([mount]) => !this.errors.has(mount))
    return {
      files,
      filesInPart: files === 1 && this.size !== undefined && this.size > headBytes ? 1 : 0,
      bytes: ok ? this.readBytes : 0,
      reads: reads.map(([mount, bytes]) => ({ mount, bytes, firstMs: this.firstMs.get(mount) })),
      begunThrough: this.begunThrough ?? new Set(),
    }
  }

  /** Ranges from the far end. What is begun keeps a piece, so that its own end comes about here. */
  give(max: number): { part: RangePart; units: number }[] {
    const pieces = this.cut([{ from: this.cursor, to: this.end ?? this.limit }])
    const kept = Math.max(this.begun ? 1 : 0, pieces.length - max)
    const given = pieces.slice(kept).map((span) => ({ part: this.range(span), units: 1 }))
    const first = pieces[kept]
    if (first) {
      this.limit = first.from
      this.end = first.from
    }
    return given
  }

  /** After a stop: gives up every byte that was neither read nor handed away. */
  giveRest(): RangePart[] {
    const spans = [...this.returned, { from: this.cursor, to: this.end ?? this.limit }]
    const parts = this.cut(spans).map((span) => this.range(span))
    this.returned = []
    this.abandon()
    return parts
  }

  private get begun(): boolean {
    return this.cursor > this.options.offset
  }

  /** Joins spans that touch, then cuts them to ranges. */
  private cut(spans: readonly Span[]): Span[] {
    const joined: Span[] = []
    for (const span of spans.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from)) {
      const before = joined.at(-1)
      if (before?.to === span.from) joined[joined.length - 1] = { from: before.from, to: span.to }
      else joined.push(span)
    }
    const rangeBytes = this.rangeBytes
    return joined.flatMap(({ from, to }) => {
      if (to === Infinity) return [{ from, to }]
      const count = Math.ceil((to - from) / rangeBytes)
      return Array.from({ length: count }, (_, at) => ({
        from: from + at * rangeBytes,
        to: Math.min(to, from + (at + 1) * rangeBytes),
      }))
    })
  }

  /** The range that reaches the planned end extends to where the file ends by then. */
  private range({ from, to }: Span): RangePart {
    const { unit, offset, ordinal } = this.options
    const end = to === this.end ? this.limit : to
    const length = end === Infinity ? undefined : end - from
    return {
      kind: 'range',
      path: unit.path,
      offset: from,
      length,
      ordinal: ordinal + Math.floor((from - offset) / this.rangeBytes),
    }
  }
}
