import type { WalkErrorCode } from './errors.ts'

export interface MountCounters {
  /** Files whose beginning was read through this mount. */
  files: number
  /** Bytes that came through this mount. */
  bytes: number
  /** Failures of reads through this mount, one a file. */
  failures: number
}

/** Live figures of a walk. What hangs on a listing that is rolled back is taken out again. */
export interface WalkCounters {
  /** Directories listed to their end. */
  directories: number
  /** Files read through all the mounts they were to be read through. */
  files: number
  /** Bytes of those files, once each however many mounts they came through. */
  bytes: number
  /** Files and directories that the filter left out. */
  entriesSkipped: number
  /** Links that are not followed, devices, FIFOs, sockets. */
  specialSkipped: number
  failures: Partial<Record<WalkErrorCode, number>>
  /** By the mount's name. */
  mounts: Record<string, MountCounters>
  /** Reads in flight now. */
  inFlight: number
}

/** A path, a listing or a read through one mount that failed. */
export interface WalkFailure {
  readonly path: string
  /** The mount's name, where the failure is one mount's. */
  readonly mount?: string | undefined
  readonly code: WalkErrorCode
  readonly message: string
}
