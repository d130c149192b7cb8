import { type Clock, systemClock } from '@cachewarmer/nfs'
import { asWalkError, isMountAway, WalkError } from '../../errors.ts'
import type { Mount, MountHealth, OpenMount, ReadOutcome } from '../mount.ts'
import { type ReadReceiver, rejectLater } from '../quick-read.ts'
import { wrapMount } from './wrap-mount.ts'

export interface WatchedMountOptions {
  readonly clock?: Clock | undefined
  /** Before the first probe of a mount that is down; each pause is twice the one before. Default 1,000. */
  readonly probeMs?: number | undefined
  /** The longest pause between two probes. Default 10,000. */
  readonly maxProbeMs?: number | undefined
}

/**
 * The mount, with its health watched. A call that fails with `MOUNT_DOWN` takes it out, and so does one with
 * `TIMEOUT` unless another was answered in the last third of its time: a filer that loses an answer now and then is
 * not away. Calls then fail with `MOUNT_DOWN` right away, until a probe (`stat('/')`, one at a time) is answered, be it
 * with an error of the filer's. Closing ends the probes and rejects all that wait.
 */
export function watchedMount(
  inner: Mount,
  options: WatchedMountOptions = {},
): OpenMount & { readonly health: MountHealth } {
  const watch = new Watch(inner, options)
  // No async function, for it is called for every file.
  const away = (trouble: WalkError, signal: AbortSignal): unknown =>
    signal.aborted
      ? signal.reason
      : new WalkError('MOUNT_DOWN', `${inner.name} does not answer: ${trouble.message}`, { cause: trouble })
  const mount = wrapMount(inner, {
    quickRead: (read) => (file, asked, receiver) => {
      const { trouble } = watch
      if (trouble) rejectLater(receiver, away(trouble, asked.signal))
      else read(file, asked, new WatchedRead(watch, receiver, asked.signal))
    },
    around: (call, signal) => {
      const { trouble, spell } = watch
      if (trouble) return Promise.reject(away(trouble, signal))
      const beganAtMs = watch.now()
      return call().then(
        (answer) => {
          watch.answered()
          return answer
        },
        (error: unknown) => {
          if (!signal.aborted) watch.note(asWalkError(error), spell, beganAtMs)
          throw error
        },
      )
    },
  })
  return Object.assign(mount, {
    health: watch,
    close: (): Promise<void> => {
      watch.close()
      return inner.close()
    },
  })
}

class WatchedRead implements ReadReceiver {
  readonly watch: Watch
  readonly receiver: ReadReceiver
  readonly signal: AbortSignal
  readonly spell: number
  readonly beganAtMs: number

  constructor(watch: Watch, receiver: ReadReceiver, signal: AbortSignal) {
    this.watch = watch
    this.receiver = receiver
    this.signal = signal
    this.spell = watch.spell
    this.beganAtMs = watch.now()
  }

  resolve(outcome: ReadOutcome): void {
    this.watch.answered()
    this.receiver.resolve(outcome)
  }

  reject(error: unknown): void {
    if (!this.signal.aborted) this.watch.note(asWalkError(error), this.spell, this.beganAtMs)
    this.receiver.reject(error)
  }
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/** up -> down, by what a call failed with; down -> up, by a probe that is answered; any -> closed. */
class Watch implements MountHealth {
  readonly #inner: Mount
  readonly #clock: Clock
  readonly #probeMs: number
  readonly #maxProbeMs: number
  readonly #closing = new AbortController()
  readonly #waiting = new Set<Waiter>()
  #stopTimer: (() => void) | undefined
  #downSinceMs: number | undefined
  #answeredAtMs = Number.NEGATIVE_INFINITY
  /** Why it is down; undefined while it is up. */
  trouble: WalkError | undefined
  /** Times that it came back: what was asked before that says nothing of how it is now. */
  spell = 0

  constructor(inner: Mount, { clock = systemClock, probeMs = 1_000, maxProbeMs = 10_000 }: WatchedMountOptions) {
    this.#inner = inner
    this.#clock = clock
    this.#probeMs = probeMs
    this.#maxProbeMs = maxProbeMs
  }

  get alive(): boolean {
    return this.trouble === undefined
  }

  get reason(): string | undefined {
    return this.trouble?.message
  }

  get downSinceMs(): number | undefined {
    return this.#downSinceMs
  }

  whenBack(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (this.alive) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiter)
        signal.removeEventListener('abort', abort)
      }
      const abort = (): void => waiter.reject(signal.reason)
      const waiter: Waiter = {
        resolve: () => {
          leave()
          resolve()
        },
        reject: (reason) => {
          leave()
          reject(reason)
        },
      }
      this.#waiting.add(waiter)
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  now(): number {
    return this.#clock.now()
  }

  /** A call was answered. */
  answered(): void {
    this.#answeredAtMs = this.#clock.now()
  }

  /** A call that began in this spell failed. */
  note(error: WalkError, spell: number, beganAtMs: number): void {
    const now = this.#clock.now()
    if (error.code === 'TIMEOUT' && this.#answeredAtMs > now - (now - beganAtMs) / 3) return
    if (!isMountAway(error) || spell !== this.spell || !this.alive || this.#closing.signal.aborted) return
    this.trouble = error
    this.#downSinceMs = this.#clock.now()
    this.#probeAfter(this.#probeMs)
  }

  close(): void {
    const reason = new WalkError('MOUNT_DOWN', `${this.#inner.name} was closed`)
    this.#closing.abort(reason)
    this.#stopTimer?.()
    for (const waiter of this.#waiting) waiter.reject(reason)
  }

  #probeAfter(ms: number): void {
    this.#stopTimer = this.#clock.setTimer(ms, () => void this.#probe(ms))
  }

  async #probe(pauseMs: number): Promise<void> {
    const { signal } = this.#closing
    try {
      await this.#inner.stat('/', { signal })
    } catch (error) {
      if (signal.aborted) return
      if (isMountAway(asWalkError(error))) {
        this.#probeAfter(Math.min(2 * pauseMs, this.#maxProbeMs))
        return
      }
    }
    if (signal.aborted) return
    this.trouble = undefined
    this.#downSinceMs = undefined
    this.spell++
    for (const waiter of this.#waiting) waiter.resolve()
  }
}
