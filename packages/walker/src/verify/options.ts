import type { Clock, MountOptions } from '@cachewarmer/nfs'
import type { Histogram } from './statistics.ts'

/** Which files count. Every method is pure; a path is absolute within the export. */
export interface SampleFilter {
  file(path: string, name: string): boolean
  size(bytes: number): boolean
  /** By the time of the last change, in milliseconds since 1970. */
  modified(ms: number): boolean
  directory(path: string, name: string): boolean
}

/** A path of a list: one file, or with `tree` all below it. */
export interface ListedPath {
  readonly path: string
  readonly kind: 'file' | 'tree'
}

/** What to verify, and how closely. */
/** Hears how reading goes. Called after each file: be quick. What a method throws changes nothing. */
export interface VerifyObserver {
  /** `done` files of `of` were read, over all addresses. */
  readonly progressed?: ((done: number, of: number) => void) | undefined
}

export interface VerifyOptions {
  /** Addresses of the cache, each measured on its own. */
  readonly addresses: readonly string[]
  readonly exportPath: string
  /** Directories or files within the export. Default: all of it, or nothing where there is a list. */
  readonly paths?: readonly string[] | undefined
  /** Files that count besides, in any number. The filter does not apply to their names, only to what lies below a `tree`. */
  readonly listed?: AsyncIterable<readonly ListedPath[]> | undefined
  /** Which files count. Default: all. */
  readonly filter?: SampleFilter | undefined
  /**
   * Files read through each address, no two addresses the same ones. Default 3,500: an interval of three points to either
   * side at most, where cold reads stand out and nothing is held up.
   */
  readonly sample?: number | undefined
  /** Bytes of each file's head, one READ. Default 4,096. */
  readonly headBytes?: number | undefined
  /** Files at a time through each address. Default 64. */
  readonly inFlight?: number | undefined
  /** Time for listing, in milliseconds; what was not listed by then is not in the sample. Default 60,000. */
  readonly listMs?: number | undefined
  /** What cold reads are known to take, in milliseconds, as from the warm-up itself. */
  readonly coldMs?: number | undefined
  /** The same of single addresses, as distributions. */
  readonly coldReads?: ReadonlyMap<string, Histogram> | undefined
  /** Ports, who the server takes us for, and which addresses may be connected to. */
  readonly nfs?:
    | Pick<MountOptions, 'nfsPort' | 'mountPort' | 'portmapPort' | 'uid' | 'gid' | 'timeoutMs' | 'retries' | 'resolve'>
    | undefined
  /** In [0, 1). Default `Math.random`. */
  readonly random?: (() => number) | undefined
  readonly clock?: Clock | undefined
  /** Hears how far it is. */
  readonly observer?: VerifyObserver | undefined
  readonly signal?: AbortSignal | undefined
}

type Absent = 'listed' | 'coldMs' | 'coldReads' | 'clock' | 'observer'
export type VerifySettings = Pick<VerifyOptions, Absent> & {
  readonly [K in Exclude<keyof VerifyOptions, Absent>]-?: NonNullable<VerifyOptions[K]>
}

const everything: SampleFilter = {
  file: () => true,
  size: () => true,
  modified: () => true,
  directory: () => true,
}

/** Fills in the defaults. Throws `OPTION_INVALID` for the first option that can't be meant. Host and paths are checked by the NFS client. */
export function resolveVerifyOptions(given: VerifyOptions): VerifySettings {
  if (given.addresses.length === 0) throw invalid('addresses', 'none', 'at least one address')
  return {
    addresses: given.addresses,
    exportPath: given.exportPath,
    paths: given.paths ?? (given.listed === undefined ? ['/'] : []),
    listed: given.listed,
    filter: given.filter ?? everything,
    sample: whole('sample', given.sample ?? 3_500, 1, 1_000_000),
    headBytes: whole('headBytes', given.headBytes ?? 4_096, 1, 1_048_576),
    inFlight: whole('inFlight', given.inFlight ?? 64, 1, 1_024),
    listMs: whole('listMs', given.listMs ?? 60_000, 1, 86_400_000),
    coldMs: given.coldMs,
    coldReads: given.coldReads,
    nfs: given.nfs ?? {},
    random: given.random ?? Math.random,
    clock: given.clock,
    observer: given.observer,
    signal: given.signal ?? new AbortController().signal,
  }
}

function whole(option: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw invalid(option, value, `a whole number from ${min} to ${max}`)
}

const invalid = (option: string, value: unknown, expected: string): VerifyError =>
  new VerifyError('OPTION_INVALID', `${option} has to be ${expected}, got ${String(value)}`)

/**
 * `OPTION_INVALID`   an option can't be meant; nothing was contacted
 * `UNREACHABLE`      an address can't be opened
 * `NOTHING_TO_READ`  no file below the paths passes the filter
 */
export type VerifyErrorCode = 'OPTION_INVALID' | 'UNREACHABLE' | 'NOTHING_TO_READ'

export class VerifyError extends Error {
  override readonly name = 'VerifyError'
  readonly code: VerifyErrorCode

  constructor(code: VerifyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Looks at the name, so that two copies of this package still agree. */
export const isVerifyError = (error: unknown): error is VerifyError =>
  error instanceof Error && error.name === 'VerifyError'
