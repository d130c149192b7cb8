import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { NfsObserver } from '../client/stats.ts'
import { type Clock, systemClock } from '../clock.ts'
import { NfsError } from '../errors.ts'
import { PORTMAP_PORT } from '../nfs3/constants.ts'
import { maxGids, maxMachineNameBytes } from '../rpc/message.ts'
import { type Resolve, systemResolve } from '../rpc/target.ts'
import { encodeName } from '../xdr/names.ts'
import { maxExportPathBytes } from './mount3.ts'

/** What to mount, and how to behave. */
export interface MountOptions {
  /** Host name, IPv4 or IPv6 address. */
  readonly host: string
  /** As the server names it, from `/` on. */
  readonly exportPath: string
  /** TCP ports. Whichever is missing is asked for at the portmapper. */
  readonly nfsPort?: number | undefined
  readonly mountPort?: number | undefined
  /** Default 111. */
  readonly portmapPort?: number | undefined
  /** For whom the server takes the caller (AUTH_SYS). Default 0, 0 and no more groups; at most 16 of those. */
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly gids?: readonly number[] | undefined
  /** What the caller calls itself. Default: the machine's host name. */
  readonly machineName?: string | undefined
  /** TCP connections for NFS, each call on the one with the fewest. Default 1, at most 64. */
  readonly connections?: number | undefined
  /**
   * TCP connections for READs of at least 256 KiB alone, each opened by its first: servers answer one connection's large
   * READs one after another, and small answers would wait behind them. Default 0: they go where all calls go; at most 64.
   */
  readonly longReadConnections?: number | undefined
  /** A call unanswered for this long is sent again; a connection silent for this long is reopened. Milliseconds, default 20,000. */
  readonly timeoutMs?: number | undefined
  /** A call fails after `retries + 1` times `timeoutMs`. Default 2: a minute. A connection that breaks meanwhile is no failure. */
  readonly retries?: number | undefined
  /** How long a call may be put off by NFS3ERR_JUKEBOX before it fails so. Default 60,000; 0 fails at once. */
  readonly jukeboxMs?: number | undefined
  /**
   * Source ports below 1024, which some servers want: `auto` (default) takes them when the server refuses others and
   * this process may, `always` fails where it may not, `never` is never.
   */
  readonly privilegedPort?: 'auto' | 'always' | 'never' | undefined
  /** Upper bound for one READ in bytes; the server's own may be smaller. Default 1 MiB. */
  readonly maxReadBytes?: number | undefined
  /** Upper bound for one page of a listing in bytes; the server's own may be smaller. Default 1 MiB. */
  readonly maxPageBytes?: number | undefined
  /**
   * While dozens of calls are in flight on a connection, answers that trickle in may wait this long to be read together:
   * that halves the CPU time of a small file, and adds as much to what its answer takes. Default 1; 0 never waits.
   */
  readonly lingerMs?: number | undefined
  /** Handles of directories that `resolve` remembers. Default 10,000. */
  readonly cachedDirectories?: number | undefined
  /**
   * Addresses of `host` that may be connected to. It is asked once, and nothing but what it gives is connected to; an error with
   * the code `ADDRESS_REFUSED` becomes an `NfsError` of that code. Default: all that the system's resolver knows.
   */
  readonly resolve?: Resolve | undefined
  readonly observer?: NfsObserver | undefined
  /** Ends the mounting; later it is of no effect. */
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
  /** In [0, 1). Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** Those for which a missing value says something. */
type Absent = 'nfsPort' | 'mountPort' | 'signal'
export type MountSettings = Pick<MountOptions, Absent> & {
  readonly [K in Exclude<keyof MountOptions, Absent>]-?: NonNullable<MountOptions[K]>
}

const maxU32 = 0xffff_ffff
const mib = 1_048_576

/** Fills in the defaults. Throws `OPTION_INVALID` for the first option that can't be meant, naming it, before anything is contacted. */
export function resolveMountOptions(given: MountOptions): MountSettings {
  const settings: MountSettings = {
    host: checkHost(given.host),
    exportPath: checkExportPath(given.exportPath),
    nfsPort: given.nfsPort === undefined ? undefined : whole('nfsPort', given.nfsPort, 1, 65_535),
    mountPort: given.mountPort === undefined ? undefined : whole('mountPort', given.mountPort, 1, 65_535),
    portmapPort: whole('portmapPort', given.portmapPort ?? PORTMAP_PORT, 1, 65_535),
    uid: whole('uid', given.uid ?? 0, 0, maxU32),
    gid: whole('gid', given.gid ?? 0, 0, maxU32),
    gids: (given.gids ?? []).map((gid, index) => whole(`gids[${index}]`, gid, 0, maxU32)),
    machineName: given.machineName ?? hostname().slice(0, 64),
    connections: whole('connections', given.connections ?? 1, 1, 64),
    longReadConnections: whole('longReadConnections', given.longReadConnections ?? 0, 0, 64),
    timeoutMs: whole('timeoutMs', given.timeoutMs ?? 20_000, 1, 3_600_000),
    retries: whole('retries', given.retries ?? 2, 0, 1_000),
    jukeboxMs: whole('jukeboxMs', given.jukeboxMs ?? 60_000, 0, 86_400_000),
    privilegedPort: given.privilegedPort ?? 'auto',
    maxReadBytes: whole('maxReadBytes', given.maxReadBytes ?? mib, 512, 64 * mib),
    maxPageBytes: whole('maxPageBytes', given.maxPageBytes ?? mib, 1_024, 16 * mib),
    lingerMs: whole('lingerMs', given.lingerMs ?? 1, 0, 1_000),
    cachedDirectories: whole('cachedDirectories', given.cachedDirectories ?? 10_000, 0, 10_000_000),
    resolve: given.resolve ?? systemResolve,
    observer: given.observer ?? {},
    signal: given.signal,
    clock: given.clock ?? systemClock,
    random: given.random ?? Math.random,
  }
  if (settings.gids.length > maxGids) throw invalid('gids', settings.gids.length, `at most ${maxGids} groups`)
  if (Buffer.byteLength(settings.machineName) > maxMachineNameBytes) {
    throw invalid('machineName', settings.machineName, `at most ${maxMachineNameBytes} bytes`)
  }
  if (!['auto', 'always', 'never'].includes(settings.privilegedPort)) {
    throw invalid('privilegedPort', settings.privilegedPort, "'auto', 'always' or 'never'")
  }
  return settings
}

export const invalid = (option: string, value: unknown, expected: string): NfsError =>
  new NfsError('OPTION_INVALID', `${option} has to be ${expected}, got ${JSON.stringify(value)}`)

/** A whole number between bounds, both included. */
export function whole(option: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw invalid(option, typeof value === 'number' ? String(value) : value, `a whole number from ${min} to ${max}`)
}

/** Labels of letters, digits, `-` and `_`, or an address. So no host can carry control characters anywhere. */
export function checkHost(host: unknown): string {
  const isName =
    typeof host === 'string' && host.length <= 253 && /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?$/i.test(host)
  if (typeof host === 'string' && (isName || isIP(host) !== 0)) return host
  throw invalid('host', host, 'a host name or an IP address')
}

/** From `/` on, without `.` and `..`; slashes too many are dropped. */
export function checkExportPath(path: unknown): string {
  if (typeof path !== 'string' || !path.startsWith('/')) throw invalid('exportPath', path, "a path from '/' on")
  const names = pathNames('exportPath', path)
  const clean = `/${names.join('/')}`
  if (encodeName(clean).length > maxExportPathBytes)
    throw invalid('exportPath', path, `at most ${maxExportPathBytes} bytes`)
  return clean
}

/** The names in a path. Throws for `.`, `..`, NUL, and what is no name of bytes. */
export function pathNames(option: string, path: string): string[] {
  const names = path.split('/').filter((name) => name !== '')
  if (names.some((name) => name === '.' || name === '..' || name.includes('\0'))) {
    throw invalid(option, path, "a path without '.', '..' and NUL")
  }
  try {
    encodeName(path)
  } catch {
    throw invalid(option, path, 'a string that decodeName could have given')
  }
  return names
}
