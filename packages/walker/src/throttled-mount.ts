import type { Mount, ReadOptions, ReadOutcome, Target } from './mount.ts'
import type { RateLimit } from './rate-limit.ts'
import { type AroundCall, wrapMount } from './wrap-mount.ts'

/** A longer read is made in pieces of this size under a ceiling of bytes, so that none runs far ahead of it. */
const pieceBytes = 1024 * 1024

/** The mount, never faster than the ceilings, which any number of mounts may share. A page of a listing is one request. */
export function throttledMount(mount: Mount, bucket: RateLimit): Mount {
  const around: AroundCall = (call, signal) => bucket.take(signal).then(call)

  async function readPiece(file: Target, options: ReadOptions): Promise<ReadOutcome> {
    await bucket.take(options.signal)
    const outcome = await mount.read(file, options)
    bucket.spent(outcome.bytes)
    return outcome
  }

  async function read(file: Target, options: ReadOptions): Promise<ReadOutcome> {
    const { offset, length } = options
    for (let bytes = 0; ; ) {
      const left = length - bytes
      const piece = bucket.ceilings.bytesPerSecond === undefined ? left : Math.min(left, pieceBytes)
      const outcome = await readPiece(file, { ...options, offset: offset + bytes, length: piece })
      bytes += outcome.bytes
      // A piece without bytes that is not the end would go on for ever.
      if (outcome.end || bytes >= length || outcome.bytes === 0) return { ...outcome, bytes }
    }
  }

  return wrapMount(mount, around, read)
}
