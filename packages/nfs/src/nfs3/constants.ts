/** Program, version and default port of the three services, RFC 1813 sections 2.1 and 5.1, RFC 1833 section 3. */
export const NFS_PROGRAM = 100_003
export const NFS_VERSION = 3
export const MOUNT_PROGRAM = 100_005
export const MOUNT_VERSION = 3
export const PORTMAP_PROGRAM = 100_000
export const PORTMAP_VERSION = 2
export const PORTMAP_PORT = 111
export const NFS_PORT = 2049

/** Longest file handle, RFC 1813 section 2.4. */
export const FHSIZE = 64
/** Longest name that a decoder takes. The protocol sets no limit; no file system in use has longer names. */
export const maxNameBytes = 4096
/** Longest target of a symbolic link, or path, that a decoder takes. */
export const maxPathBytes = 65_536

/** nfsstat3, RFC 1813 section 2.6. The only place where a number meets its name. */
export const nfsStatus = {
  OK: 0,
  PERM: 1,
  NOENT: 2,
  IO: 5,
  NXIO: 6,
  ACCES: 13,
  EXIST: 17,
  XDEV: 18,
  NODEV: 19,
  NOTDIR: 20,
  ISDIR: 21,
  INVAL: 22,
  FBIG: 27,
  NOSPC: 28,
  ROFS: 30,
  MLINK: 31,
  NAMETOOLONG: 63,
  NOTEMPTY: 66,
  DQUOT: 69,
  STALE: 70,
  REMOTE: 71,
  BADHANDLE: 10_001,
  NOT_SYNC: 10_002,
  BAD_COOKIE: 10_003,
  NOTSUPP: 10_004,
  TOOSMALL: 10_005,
  SERVERFAULT: 10_006,
  BADTYPE: 10_007,
  JUKEBOX: 10_008,
} as const
export type NfsStatus = keyof typeof nfsStatus

const statusNames: ReadonlyMap<number, NfsStatus> = new Map(
  Object.entries(nfsStatus).map(([name, number]) => [number, name as NfsStatus]),
)
/** The name of a status, or undefined for a number that RFC 1813 does not know. */
export const nfsStatusName = (number: number): NfsStatus | undefined => statusNames.get(number)
