import type { NfsError } from './errors.ts'

const FIRST_WAIT_MS = 100
const MAX_WAIT_MS = 5_000

/**
 * How long to wait before a call is made again that the server answered with NFS3ERR_JUKEBOX ("I'm fetching it from
 * somewhere slow"): twice as long each time, a random half of it so that a storm does not come back as one. Undefined
 * when another wait would make it more than `totalMs`, or than the call's own `mostMs`, since the call was made.
 */
export const jukeboxPolicy =
  (totalMs: number, random: () => number) =>
  (error: NfsError, waits: number, waitedMs: number, mostMs: number = totalMs): number | undefined => {
    if (error.code !== 'JUKEBOX') return undefined
    const ms = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** waits) * (0.5 + random() / 2)
    return waitedMs + ms <= Math.min(totalMs, mostMs) ? ms : undefined
  }
