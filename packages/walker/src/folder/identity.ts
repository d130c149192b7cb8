import type { BigIntStats } from 'node:fs'

/**
 * File system, number and time of the last change: subvolumes that are mounted as one file system all have the same number
 * for their roots. Undefined for the number 0, which says that there is none. Inode numbers have 64 bits: as doubles two
 * of them could be one.
 */
export const idOf = ({ dev, ino, ctimeNs }: BigIntStats): string | undefined =>
  ino === 0n ? undefined : `${dev}:${ino}:${ctimeNs}`
