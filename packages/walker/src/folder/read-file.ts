import { close, constants, fstat, open, read } from 'node:fs'
import { WalkError } from '../errors.ts'
import type { ReadOptions, ReadOutcome } from '../mount.ts'
import type { BufferPool } from './buffers.ts'
import { fromErrno } from './errno.ts'

// A link, FIFO, terminal or device that took the file's place is neither followed nor waited for.
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY

export interface FileToRead {
  /** For messages. */
  readonly path: string
  readonly systemPath: string | Buffer
  /** A listing said that it is a regular file. */
  readonly known: boolean
}

/** Reads and drops. In callbacks: a promise for each system call would cost as much as the calls do. */
export function readFile(file: FileToRead, options: ReadOptions, buffers: BufferPool): Promise<ReadOutcome> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(fromErrno(error, file.path))
    open(file.systemPath, flags, 0, (openError, fd) => {
      if (openError) return fail(openError)
      const done = (error: unknown, outcome?: ReadOutcome): void => {
        // The bytes are here: nobody waits for the close.
        close(fd, ignore)
        if (outcome) resolve(outcome)
        else reject(error)
      }
      if (file.known) return readBlocks(fd, file, options, buffers, undefined, done)
      fstat(fd, (statError, stats) => {
        if (statError) return done(fromErrno(statError, file.path))
        if (!stats.isFile()) return done(new WalkError('NOT_A_FILE', `${file.path}: not a regular file`))
        readBlocks(fd, file, options, buffers, stats.size, done)
      })
    })
  })
}

type Done = (error: unknown, outcome?: ReadOutcome) => void

function readBlocks(
  fd: number,
  file: FileToRead,
  { offset, length, signal }: ReadOptions,
  buffers: BufferPool,
  size: number | undefined,
  done: Done,
): void {
  const buffer = buffers.take()
  let bytes = 0
  const end = (error: unknown, outcome?: ReadOutcome): void => {
    buffers.give(buffer)
    done(error, outcome)
  }
  const next = (): void => {
    const wanted = Math.min(length - bytes, buffer.length)
    if (signal.aborted) return end(signal.reason)
    if (wanted <= 0) return whole()
    read(fd, buffer, 0, wanted, offset + bytes, (error, got) => {
      if (error) return end(fromErrno(error, file.path))
      bytes += got
      // A regular file gives less than asked only at its end.
      if (got < wanted) end(undefined, { bytes, end: true, size: size ?? (bytes > 0 ? offset + bytes : undefined) })
      else next()
    })
  }
  // All that was asked for has come: only the size tells whether that was the end of the file.
  const whole = (): void => {
    fstat(fd, (error, stats) => {
      if (error) end(fromErrno(error, file.path))
      else end(undefined, { bytes, end: offset + bytes >= stats.size, size: stats.size })
    })
  }
  next()
}

const ignore = (): void => {}
