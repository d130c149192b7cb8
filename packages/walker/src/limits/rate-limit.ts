import { type Clock, systemClock } from '@cachewarmer/nfs'
import { WalkError } from '../errors.ts'
import { show } from '../paths.ts'
import { Fifo, type Limiter } from './limiter.ts'

/** Ceilings of a rate. A missing one is no ceiling. */
export interface RateCeilings {
  readonly requestsPerSecond?: number | undefined
  readonly bytesPerSecond?: number | undefined
}

export interface RateLimitOptions extends RateCeilings {
  readonly clock?: Clock | undefined
}

/** Lets requests through at a rate, in the order in which they came. Any number of mounts and walks may share one. */
export interface RateLimit extends Limiter {
  readonly ceilings: RateCeilings
  /** Whether a request waits for its turn now. */
  readonly busy: boolean
  /** Sets new ceilings at once, also for requests that wait. A missing ceiling is no ceiling. */
  set(ceilings: RateCeilings): void
  /** Settles when the next request may go; rejects with the reason of the signal that aborts first. */
  take(...signals: (AbortSignal | undefined)[]): Promise<void>
  /**
   * Reports the bytes of a request, and how many `more` requests it took (below 0: fewer). Later requests wait for what
   * exceeds the ceilings.
   */
  spent(bytes: number, more?: number): void
}

/** Tokens unused for this long are lost: so no flood follows a pause. */
const burstSeconds = 0.1

/** A token bucket for requests and one for bytes. Throws `OPTION_INVALID` for ceilings that are no positive numbers. */
export function rateLimit({ clock = systemClock, ...ceilings }: RateLimitOptions = {}): RateLimit {
  return new Bucket(checked(ceilings), clock)
}

interface Waiter {
  readonly go: () => void
  gone: boolean
}

class Bucket implements RateLimit {
  private readonly clock: Clock
  private readonly line = new Fifo<Waiter>()
  private current: RateCeilings
  /** Below zero, here and for bytes: a debt that later requests wait for. */
  private requests: number
  private bytes = 0
  private filledAt: number
  private stopTimer: (() => void) | undefined

  constructor(ceilings: RateCeilings, clock: Clock) {
    this.clock = clock
    this.current = ceilings
    this.filledAt = clock.now()
    this.requests = this.mostRequests
  }

  get ceilings(): RateCeilings {
    return this.current
  }

  get busy(): boolean {
    return this.line.length > 0
  }

  set(ceilings: RateCeilings): void {
    this.fill()
    this.current = checked(ceilings)
    this.requests = Math.min(this.requests, this.mostRequests)
    // No request waits for a ceiling that was lifted, or pays a debt to it later.
    if (ceilings.requestsPerSecond === undefined) this.requests = 0
    if (ceilings.bytesPerSecond === undefined) this.bytes = 0
    this.letGo()
  }

  take(...signals: (AbortSignal | undefined)[]): Promise<void> {
    const aborted = signals.find((signal) => signal?.aborted)
    if (aborted) return Promise.reject(aborted.reason)
    if (this.line.length === 0 && this.pass()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const forget = (): void => {
        for (const signal of signals) signal?.removeEventListener('abort', abort)
      }
      const abort = ({ target }: Event): void => {
        forget()
        waiter.gone = true
        reject((target as AbortSignal).reason)
        this.letGo()
      }
      const go = (): void => {
        forget()
        resolve()
      }
      const waiter: Waiter = { go, gone: false }
      for (const signal of signals) signal?.addEventListener('abort', abort, { once: true })
      this.line.push(waiter)
      this.letGo()
    })
  }

  spent(bytes: number, more = 0): void {
    const { bytesPerSecond, requestsPerSecond } = this.current
    this.fill()
    if (bytesPerSecond !== undefined) this.bytes -= bytes
    if (requestsPerSecond !== undefined) this.requests -= more
    if (more < 0) this.letGo()
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    await this.take()
    return await task()
  }

  private get mostRequests(): number {
    return Math.max(1, (this.current.requestsPerSecond ?? 0) * burstSeconds)
  }

  private fill(): void {
    const now = this.clock.now()
    const seconds = (now - this.filledAt) / 1000
    const { requestsPerSecond = 0, bytesPerSecond = 0 } = this.current
    this.filledAt = now
    this.requests = Math.min(this.mostRequests, this.requests + seconds * requestsPerSecond)
    this.bytes = Math.min(bytesPerSecond * burstSeconds, this.bytes + seconds * bytesPerSecond)
  }

  /** Takes what one request needs, if it is there. */
  private pass(): boolean {
    if (this.waitMs() > 0) return false
    this.requests--
    return true
  }

  /** Until the next request may go. */
  private waitMs(): number {
    this.fill()
    const { requestsPerSecond, bytesPerSecond } = this.current
    // A nanosecond of slack: fractions of a token must not set a timer of no length.
    const forRequests = requestsPerSecond === undefined ? 0 : (1 - this.requests) / requestsPerSecond
    const forBytes = bytesPerSecond === undefined ? 0 : -this.bytes / bytesPerSecond
    const seconds = Math.max(forRequests, forBytes)
    return seconds > 1e-9 ? seconds * 1000 : 0
  }

  private letGo(): void {
    this.stopTimer?.()
    this.stopTimer = undefined
    for (let waiter = this.line.peek(); waiter; waiter = this.line.peek()) {
      if (!waiter.gone && !this.pass()) {
        this.stopTimer = this.clock.setTimer(this.waitMs(), () => this.letGo())
        return
      }
      this.line.shift()
      if (!waiter.gone) waiter.go()
    }
  }
}

function checked(ceilings: RateCeilings): RateCeilings {
  for (const field of ['requestsPerSecond', 'bytesPerSecond'] as const) {
    const value = ceilings[field]
    if (value !== undefined && !(Number.isFinite(value) && value > 0))
      throw new WalkError('OPTION_INVALID', `${field} is ${show(value)}, expected a number above 0, or none`)
  }
  return ceilings
}
