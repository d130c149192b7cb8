import pLimit from 'p-limit'
import type { Limiter } from '../../limits/limiter.ts'
import type { RateLimit } from '../../limits/rate-limit.ts'
import { isComplete, type Mount, type OpenMount, type ReadOptions, type ReadOutcome, type Target } from '../mount.ts'
import { type AroundCall, wrapMount } from './wrap-mount.ts'

/** Bytes that one request is taken to bring at most, for mounts that do not count their requests. */
const requestBytes = 1024 * 1024
/** A longer read is made in pieces, so that none runs far ahead of a ceiling of requests. */
const aheadSeconds = 0.1

export interface ThrottleOptions {
  /** Once it aborts, a request that waits for the ceilings is not made, and fails with its reason. */
  readonly halted?: AbortSignal | undefined
  /** The limit that the mount shares with walks that have no ceiling. Default: the mount's own. */
  readonly limiter?: Limiter | undefined
}

/**
 * The mount, never faster than the ceilings, which any number of mounts may share. A question is as many requests as it
 * took, where the mount counts them: the next request waits for those beyond the first. `MOUNT_DOWN` as the reason of
 * `halted` hands requests that wait back to a walk that stops. A read takes its place in the limit once the ceilings let it
 * go, so that those that wait take none from others.
 */
export function throttledMount(mount: Mount, bucket: RateLimit, options: ThrottleOptions = {}): OpenMount {
  const { halted, limiter = mount.limiter } = options
  const inPlace = <T>(read: () => Promise<T>): Promise<T> => (limiter === undefined ? read() : limiter.run(read))
  const around: AroundCall = (call, signal) => bucket.take(signal, halted).then(call)

  async function readPiece(file: Target, options: ReadOptions): Promise<ReadOutcome> {
    await bucket.take(options.signal, halted)
    const { arrivals } = options
    let told = 0
    const arrived = (count: number): void => {
      told += count
      arrivals?.arrived(count)
    }
    const asked = arrivals === undefined ? options : { ...options, arrivals: { arrived } }
    const outcome = await inPlace(() => mount.read(file, asked))
    if (outcome.bytes > told) arrivals?.arrived(outcome.bytes - told)
    const { bytes, requests = Math.ceil(bytes / requestBytes) } = outcome
    bucket.spent(bytes, Math.max(0, requests - 1))
    return outcome
  }

  function pieceBytes(): number {
    const { bytesPerSecond, requestsPerSecond } = bucket.ceilings
    if (bytesPerSecond !== undefined) return requestBytes
    if (requestsPerSecond === undefined) return Number.POSITIVE_INFINITY
    return requestBytes * Math.max(1, Math.floor(requestsPerSecond * aheadSeconds))
  }

  async function read(file: Target, options: ReadOptions): Promise<ReadOutcome> {
    const { offset, length } = options
    let firstMs: number | undefined
    for (let bytes = 0; ; ) {
      const piece = Math.min(length - bytes, pieceBytes())
      const outcome = await readPiece(file, { ...options, offset: offset + bytes, length: piece })
      if (bytes === 0) firstMs = outcome.firstMs
      bytes += outcome.bytes
      // The mount sent no more in the middle of the file: the caller decides how long to wait.
      if (outcome.end || bytes >= length || !isComplete(outcome, piece)) return { ...outcome, bytes, firstMs }
    }
  }

  const waiting = pLimit(mount.maxInFlight)
  const ownLimit: Limiter = {
    run: waiting,
    get state() {
      return limiter?.state
    },
  }
  return wrapMount(mount, {
    around,
    read,
    limiter: ownLimit,
    onFurtherRequest: () => bucket.spent(0, 1),
    // A page says that it is the last one: that took no request.
    onListEnd: () => bucket.spent(0, -1),
  })
}
