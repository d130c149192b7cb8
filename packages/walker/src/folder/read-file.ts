import { close, closeSync, constants, fstat, lstat, open, read } from 'node:fs'
import { WalkError } from '../errors.ts'
import type { ReadOptions, ReadOutcome } from '../mount.ts'
import type { BufferPool } from './buffers.ts'
import { fromErrno } from './errno.ts'
import type { ReadLane } from './lane.ts'

// A link, FIFO, terminal or device that took the file's place is neither followed nor waited for.
export const openFlags: number = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY

export interface FileToRead {
  /** Within the export, for messages. */
  readonly path: string
  /** A listing said that it is a regular file. */
  readonly known: boolean
}

interface BegunFile extends FileToRead {
  /** Since before it was opened. */
  elapsedMs(): number
}

export interface Reader {
  /** What system calls take for a path within the export. */
  full(path: string): string | Buffer
  readonly buffers: BufferPool
  /** Closing waits for nobody, so that it need not go to another thread. */
  readonly closesAtOnce: boolean
  readonly lane: ReadLane
  /** Milliseconds since any moment. */
  now(): number
}

type Done = (error: unknown, outcome?: ReadOutcome) => void

/** Reads and drops: the beginnings of files that are at hand through the lane, all else on libuv's threads. */
export function readFile(file: FileToRead, options: ReadOptions, reader: Reader): Promise<ReadOutcome> {
  if (options.offset > 0 || !reader.lane.open) return readInPool(file, options, reader)
  // The lane takes strings; paths that are not UTF-8, or no paths at all, are rare enough to go the other way.
  return file.path.isWellFormed() ? readInLane(file, options, reader) : readInPool(file, options, reader)
}

async function readInLane(file: FileToRead, options: ReadOptions, reader: Reader): Promise<ReadOutcome> {
  const { length, signal } = options
  signal.throwIfAborted()
  const outcome = await reader.lane.read({ path: String(reader.full(file.path)), known: file.known, length })
  signal.throwIfAborted()
  if (outcome === 'elsewhere') return readInPool(file, options, reader)
  if ('code' in outcome) throw fromErrno(Object.assign(new Error(outcome.code), { code: outcome.code }), file.path)
  const { bytes, size, tookMs } = outcome
  if (size === undefined) return { bytes, end: true, size: bytes > 0 ? bytes : undefined, firstMs: tookMs }
  // More is wanted than the lane's buffer holds: a larger file, which libuv's threads read in blocks.
  if (bytes < length && bytes < size) return { ...(await readInPool(file, options, reader)), firstMs: tookMs }
  return { bytes, end: bytes >= size, size, firstMs: tookMs }
}

/** In callbacks: a promise for each system call would cost as much as the calls do. */
function readInPool(file: FileToRead, options: ReadOptions, reader: Reader): Promise<ReadOutcome> {
  return new Promise((resolve, reject) => {
    const begunMs = reader.now()
    const begun = { ...file, elapsedMs: () => reader.now() - begunMs }
    const done: Done = (error, outcome) => (outcome ? resolve(outcome) : reject(error))
    const full = reader.full(file.path)
    if (file.known) openFile(full, begun, options, reader, done)
    else
      lstat(full, (error, stats) => {
        if (error) reject(fromErrno(error, file.path))
        else if (stats.isFile()) openFile(full, begun, options, reader, done)
        else reject(new WalkError('NOT_A_FILE', `${file.path}: not a regular file`))
      })
  })
}

function openFile(full: string | Buffer, file: BegunFile, options: ReadOptions, reader: Reader, done: Done): void {
  open(full, openFlags, 0, (error, fd) => {
    if (error) {
      done(fromErrno(error, file.path))
      return
    }
    const buffer = reader.buffers.take()
    readBlocks(fd, buffer, file, options, (readError, outcome) => {
      reader.buffers.give(buffer)
      // The bytes have come: nobody waits for the close, nor cares how it ends.
      if (reader.closesAtOnce) closeSync(fd)
      else close(fd, ignore)
      done(readError, outcome)
    })
  })
}

function readBlocks(fd: number, buffer: Buffer, file: BegunFile, options: ReadOptions, done: Done): void {
  const { offset, length, signal, arrivals } = options
  let bytes = 0
  let firstMs: number | undefined
  const next = (): void => {
    const wanted = Math.min(length - bytes, buffer.length)
    if (signal.aborted) done(signal.reason)
    else if (wanted > 0) read(fd, buffer, 0, wanted, offset + bytes, (error, got) => took(error, got, wanted))
    else whole()
  }
  const took = (error: NodeJS.ErrnoException | null, got: number, wanted: number): void => {
    bytes += got
    firstMs ??= file.elapsedMs()
    if (error) done(fromErrno(error, file.path))
    else if (got === wanted) {
      if (bytes < length) arrivals?.arrived(got)
      next()
    }
    // A regular file gives less than asked only at its end.
    else done(undefined, { bytes, end: true, size: bytes > 0 ? offset + bytes : undefined, firstMs })
  }
  // All that was asked for has come: only the size tells whether that was the end of the file.
  const whole = (): void => {
    fstat(fd, (error, stats) => {
      if (error) done(fromErrno(error, file.path))
      else done(undefined, { bytes, end: offset + bytes >= stats.size, size: stats.size, firstMs })
    })
  }
  next()
}

const ignore = (): void => {}
