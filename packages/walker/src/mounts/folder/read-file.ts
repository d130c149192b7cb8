import { close, closeSync, constants, fstat, lstat, open, read } from 'node:fs'
import { tooLarge, WalkError } from '../../errors.ts'
import type { Doubt, ReadOptions, ReadOutcome } from '../mount.ts'
import { type Buffers, smallBytes } from './buffers.ts'
import type { ReadLane } from './lane.ts'
import { fromErrno } from './system.ts'

// A link, FIFO, terminal or device that took the file's place is neither followed nor waited for.
export const openFlags: number = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY

export interface FileToRead {
  /** Within the export, for messages. */
  readonly path: string
  /** What system calls take for it. */
  readonly place: string | Buffer
  /** A listing said that it is a regular file. */
  readonly known: boolean
}

interface BegunFile extends FileToRead {
  /** What opens it: past the page cache, or through it. */
  readonly flags: number
  /** Since before it was opened. */
  elapsedMs(): number
}

export interface Reader {
  readonly buffers: Buffers
  /** Closing waits for no server, so that it need not go to another thread. */
  readonly closesAtOnce: boolean
  /** A read that brings less than was asked has reached the end of the file. */
  readonly shortReadsEnd: boolean
  /** See `FileSystemTraits`. */
  readonly direct: number
  readonly firstBytes: number
  readonly lane: ReadLane
  /** Where it is noted that files could be read through the page cache alone. */
  readonly doubts: Set<Doubt>
  /** Milliseconds since any moment. */
  now(): number
}

type Done = (error: unknown, outcome?: ReadOutcome) => void

/** Reads and drops: the beginnings of files that are at hand through the lane, all else on libuv's threads. */
export function readFile(file: FileToRead, options: ReadOptions, reader: Reader): Promise<ReadOutcome> {
  // Past the page cache no file is at hand: each waits for a server, and many must at the same time.
  if (reader.direct !== 0 || options.offset > 0 || !reader.lane.open) return readInPool(file, options, reader)
  // The lane takes strings; paths that are not UTF-8, or no paths at all, are rare enough to go the other way.
  const { place } = file
  return typeof place === 'string' ? readInLane({ ...file, place }, options, reader) : readInPool(file, options, reader)
}

async function readInLane(
  file: FileToRead & { readonly place: string },
  options: ReadOptions,
  reader: Reader,
): Promise<ReadOutcome> {
  const { length, signal } = options
  const { shortReadsEnd } = reader
  signal.throwIfAborted()
  const outcome = await reader.lane.read({ path: file.place, known: file.known, length, shortReadsEnd })
  signal.throwIfAborted()
  if (outcome === 'elsewhere') return readInPool(file, options, reader)
  if ('code' in outcome) throw fromErrno(Object.assign(new Error(outcome.code), { code: outcome.code }), file.path)
  const { bytes, size, tookMs } = outcome
  const { size: listed = 0 } = options
  if (size === undefined && listed <= bytes)
    return { bytes, end: true, size: bytes > 0 ? bytes : undefined, firstMs: tookMs }
  // More is wanted than the lane's buffer holds, or than came: libuv's threads read on in blocks.
  if (size === undefined || (bytes < length && bytes < size))
    return { ...(await readInPool(file, options, reader)), firstMs: tookMs }
  if (size > Number.MAX_SAFE_INTEGER) throw tooLarge(file.path, size)
  return { bytes, end: bytes >= size, size, firstMs: tookMs }
}

/** In callbacks: a promise for each system call would cost as much as the calls do. */
function readInPool(file: FileToRead, options: ReadOptions, reader: Reader): Promise<ReadOutcome> {
  return new Promise((resolve, reject) => {
    const begunMs = reader.now()
    const begun = { ...file, flags: openFlags | reader.direct, elapsedMs: () => reader.now() - begunMs }
    const done: Done = (error, outcome) => (outcome ? resolve(outcome) : reject(error))
    const { place } = file
    if (file.known) openFile(place, begun, options, reader, done)
    else
      lstat(place, (error, stats) => {
        if (error) reject(fromErrno(error, file.path))
        else if (stats.isFile()) openFile(place, begun, options, reader, done)
        else reject(new WalkError('NOT_A_FILE', `${file.path}: not a regular file`))
      })
  })
}

function openFile(place: string | Buffer, file: BegunFile, options: ReadOptions, reader: Reader, done: Done): void {
  open(place, file.flags, 0, (error, fd) => {
    if (error) {
      if (error.code === 'EINVAL' && file.flags !== openFlags) readBuffered(place, file, options, reader, done)
      else done(fromErrno(error, file.path))
      return
    }
    reader.buffers.take((buffer) => {
      const open: OpenFile = { fd, buffer, file, options, reader }
      readBlocks(open, (readError, outcome) => {
        reader.buffers.give(open.buffer)
        // The bytes have come: the close, and any error of it, do not matter.
        if (reader.closesAtOnce) closeSync(fd)
        else close(fd, ignore)
        if (readError === undefined || file.flags === openFlags || !isRefusal(readError)) done(readError, outcome)
        else readBuffered(place, file, options, reader, done)
      })
    })
  })
}

/** The file system does not read past the page cache, or not so: it is read through it, and that is said. */
function readBuffered(place: string | Buffer, file: BegunFile, options: ReadOptions, reader: Reader, done: Done): void {
  // What arrived before arrives again: the outcome alone counts it.
  const again = { ...options, arrivals: undefined }
  openFile(place, { ...file, flags: openFlags }, again, reader, (error, outcome) => {
    if (outcome !== undefined) reader.doubts.add('buffered')
    done(error, outcome)
  })
}

const isRefusal = (error: unknown): boolean =>
  error instanceof WalkError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EINVAL'

interface OpenFile {
  readonly fd: number
  /** A small one; a large one once the file proves to be long. */
  buffer: Buffer
  readonly file: BegunFile
  readonly options: ReadOptions
  readonly reader: Reader
}

function readBlocks(open: OpenFile, done: Done): void {
  const { fd, file, options, reader } = open
  const { offset, length, size: listed = 0, signal, arrivals } = options
  const direct = file.flags !== openFlags
  /** The file's size as far as it is known: past the page cache, each byte asked for behind it is a question to the server. */
  let known = direct && listed > 0 ? listed : undefined
  let bytes = 0
  let firstMs: number | undefined
  const next = (): void => {
    if (signal.aborted) {
      done(signal.reason)
      return
    }
    const left = length - bytes
    const wanted = direct ? blockOf(left) : Math.min(left, open.buffer.length)
    if (wanted > 0) read(fd, open.buffer, 0, wanted, offset + bytes, (error, got) => took(error, got, wanted))
    else askSize(left > 0)
  }
  /** Bytes of the next block, into a large buffer where as much is left. */
  const blockOf = (left: number): number => {
    if (known === undefined) return Math.min(left, reader.firstBytes)
    const most = Math.max(0, Math.min(left, known - offset - bytes))
    if (most > smallBytes && open.buffer.length === smallBytes) {
      const large = reader.buffers.takeLarge()
      if (large !== undefined) {
        reader.buffers.give(open.buffer)
        open.buffer = large
      }
    }
    return Math.min(most, open.buffer.length)
  }
  const took = (error: NodeJS.ErrnoException | null, got: number, wanted: number): void => {
    bytes += got
    firstMs ??= file.elapsedMs()
    if (error) done(fromErrno(error, file.path))
    else if (got === wanted) {
      if (bytes < length) arrivals?.arrived(got)
      if (direct && known === undefined && bytes < length) askSize(true)
      else next()
    } else if (!reader.shortReadsEnd || listed > offset + bytes) askSize(got > 0)
    else done(undefined, { bytes, end: true, size: bytes > 0 ? offset + bytes : undefined, firstMs })
  }
  /** Only the size tells whether that was the end of the file. Else a read that brought something is continued. */
  const askSize = (mayGoOn: boolean): void => {
    fstat(fd, (error, stats) => {
      if (error) {
        done(fromErrno(error, file.path))
        return
      }
      const { size } = stats
      const end = offset + bytes >= size
      known = size
      if (size > Number.MAX_SAFE_INTEGER) done(tooLarge(file.path, size))
      else if (!end && mayGoOn) next()
      else done(undefined, { bytes, end, size, firstMs })
    })
  }
  if ((options.size ?? 0) > Number.MAX_SAFE_INTEGER) done(tooLarge(file.path, options.size ?? 0))
  else next()
}

const ignore = (): void => {}
