import type { DatabaseSync } from 'node:sqlite'
import { type Clock, sleep } from '../clock.ts'
import { isQueueError, QueueError } from '../errors.ts'
import { isBusy, mapError } from './map-error.ts'

/** Runs work on one connection: reads right away, writes together with all that are asked for in the same turn. */
export interface Store {
  read<T>(queue: string, signal: AbortSignal | undefined, work: () => T): Promise<T>
  /** An abort before the transaction leaves no trace; after it, it comes too late. */
  write<T>(queue: string, signal: AbortSignal | undefined, work: () => T): Promise<T>
  /** Waits for what was asked for before. */
  close(): Promise<void>
}

interface Write {
  readonly queue: string
  /** Does the work in the open transaction; gives what is to be told once that is committed. */
  attempt(): () => void
  reject(error: unknown): void
}

/** So that a transaction stays a few milliseconds long, and other processes get their turn. */
const maxWritesAtOnce = 500

/** How long a call waits for other processes to let go of the file before it is `UNAVAILABLE`. */
const patienceMs = 30_000

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** `mustBeOurs` throws where the file is not the one that was opened; it is asked before each call takes effect. */
export function openStore(db: DatabaseSync, clock: Clock, mustBeOurs: () => void): Store {
  /** Oldest first. An aborted write leaves. */
  const waiting = new Set<Write>()
  let flushing: Promise<void> | undefined
  let closed = false

  /** SQLite's own wait blocks the whole process, so it is short, and most of the waiting is done here. */
  const untilFree = async <T>(work: () => T, signal?: AbortSignal): Promise<T> => {
    const sinceMs = clock.now()
    for (let tries = 1; ; tries++) {
      try {
        return work()
      } catch (error) {
        if (!isBusy(error) || clock.now() - sinceMs >= patienceMs) throw error
      }
      await sleep(clock, Math.min(100, 5 * tries), signal)
    }
  }

  /** One write that is refused (a lost lease) does not keep the others from being committed. */
  const commit = (writes: readonly Write[]): void => {
    if (writes.length === 0) return
    db.exec('BEGIN IMMEDIATE')
    let told: (() => void)[]
    try {
      mustBeOurs()
      told = writes.map((write) => write.attempt())
      db.exec('COMMIT')
    } catch (error) {
      rollback()
      throw error
    }
    for (const tell of told) tell()
  }

  const rollback = (): void => {
    try {
      db.exec('ROLLBACK')
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
  }

  const flush = async (): Promise<void> => {
    while (waiting.size > 0) {
      await nextTurn()
      let writes: readonly Write[] = []
      try {
        await untilFree(() => {
          writes = [...waiting].slice(0, maxWritesAtOnce)
          commit(writes)
        })
      } catch (error) {
        for (const write of writes) write.reject(mapError(write.queue, error))
      }
    }
    flushing = undefined
  }

  const refuseClosed = (queue: string): void => {
    if (closed) throw new QueueError('CLOSED', queue, 'the queue service was closed')
  }

  return {
    read: async (queue, signal, work) => {
      signal?.throwIfAborted()
      try {
        return await untilFree(() => {
          refuseClosed(queue)
          mustBeOurs()
          return work()
        }, signal)
      } catch (error) {
        throw mapError(queue, error)
      }
    },
    write: async (queue, signal, work) => {
      refuseClosed(queue)
      signal?.throwIfAborted()
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          waiting.delete(write)
          signal?.removeEventListener('abort', cancel)
        }
        const cancel = (): void => write.reject(signal?.reason)
        const write: Write = {
          queue,
          attempt: () => {
            let tell: () => void
            try {
              const result = work()
              tell = () => resolve(result)
            } catch (error) {
              if (!isQueueError(error)) throw error
              tell = () => reject(error)
            }
            return () => {
              leave()
              tell()
            }
          },
          reject: (error) => {
            leave()
            reject(error as Error)
          },
        }
        signal?.addEventListener('abort', cancel, { once: true })
        waiting.add(write)
        flushing ??= flush()
      })
    },
    close: async () => {
      if (closed) return
      closed = true
      await flushing
      // The last process to close the file folds the log into it.
      db.close()
    },
  }
}
