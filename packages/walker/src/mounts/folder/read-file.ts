import { close, closeSync, constants, fstat, lstat, open, read } from 'node:fs'
import { tooLarge, WalkError } from '../../errors.ts'
import type { ReadOptions, ReadOutcome } from '../mount.ts'
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
  /** Since before it was opened. */
  elapsedMs(): number
}

export interface Reader {
  readonly buffers: BufferPool
  /** Closing waits for no server, so that it need not go to another thread. */
  readonly closesAtOnce: boolean
  /** A read that brings less than was asked has reached the end of the file. */
  readonly shortReadsEnd: boolean
  readonly lane: ReadLane
  /** Milliseconds since any moment. */
  now(): number
}

type Done = (error: unknown, outcome?: ReadOutcome) => void

/** Reads and drops: the beginnings of files that are at hand through the lane, all else on libuv's threads. */
export function readFile(file: FileToRead, options: ReadOptions, reader: Reader): Promise<ReadOutcome> {
  if (options.offset > 0 || !reader.lane.open) return readInPool(file, options, reader)
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
    const begun = { ...file, elapsedMs: () => reader.now() - begunMs }
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
  open(place, openFlags, 0, (error, fd) => {
    if (error) {
      done(fromErrno(error, file.path))
      return
    }
    const buffer = reader.buffers.take()
    readBlocks({ fd, buffer, file, options, reader }, (readError, outcome) => {
      reader.buffers.give(buffer)
      // The bytes have come: the close, and any error of it, do not matter.
      if (reader.closesAtOnce) closeSync(fd)
      else close(fd, ignore)
      done(readError, outcome)
    })
  })
}

interface OpenFile {
  readonly fd: number
  readonly buffer: Buffer
  readonly file: BegunFile
  readonly options: ReadOptions
  readonly reader: Reader
}

function readBlocks({ fd, buffer, file, options, reader }: OpenFile, done: Done): void {
  const { offset, length, size: listed = 0, signal, arrivals } = options
  let bytes = 0
  let firstMs: number | undefined
  const next = (): void => {
    const wanted = Math.min(length - bytes, buffer.length)
    if (signal.aborted) done(signal.reason)
    else if (wanted > 0) read(fd, buffer, 0, wanted, offset + bytes, (error, got) => took(error, got, wanted))
    else askSize(false)
  }
  const took = (error: NodeJS.ErrnoException | null, got: number, wanted: number): void => {
    bytes += got
    firstMs ??= file.elapsedMs()
    if (error) done(fromErrno(error, file.path))
    else if (got === wanted) {
      if (bytes < length) arrivals?.arrived(got)
      next()
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
      if (size > Number.MAX_SAFE_INTEGER) done(tooLarge(file.path, size))
      else if (!end && mayGoOn) next()
      else done(undefined, { bytes, end, size, firstMs })
    })
  }
  if ((options.size ?? 0) > Number.MAX_SAFE_INTEGER) done(tooLarge(file.path, options.size ?? 0))
  else next()
}

const ignore = (): void => {}

/** Buffers whose bytes are dropped, used again and again. */
export class BufferPool {
  readonly #bytes: number
  readonly #keep: number
  readonly #free: Buffer[] = []

  constructor(options: { readonly bytes: number; readonly keep: number }) {
    this.#bytes = options.bytes
    this.#keep = options.keep
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bytes)
  }

  give(buffer: Buffer): void {
    if (this.#free.length < this.#keep) this.#free.push(buffer)
  }
}
