/*
 * export   a directory that a server lets others mount
 * handle   the server's own name of a file or directory; good on every address of the same export
 * cookie   where in a directory a listing goes on
 * call     one question to the server, one answer; any number are out at a time
 * xid      tells which answer belongs to which call
 */

export type { Clock } from './clock.ts'
export type { NfsErrorCode } from './errors.ts'
export { isNfsError, NfsError } from './errors.ts'
export type { CallOptions, NfsExport, ReadCallOptions, ResolvedPath } from './export.ts'
export { LONG_READ_BYTES } from './export.ts'
export type { FileHandle } from './handle.ts'
export { handleFromHex, handleToHex } from './handle.ts'
export type { ListedPage, ListPosition } from './listing/listing.ts'
export type { PageMark } from './listing/trail.ts'
export { mountExport } from './mount-export.ts'
export { decodeName, encodeName } from './names.ts'
export type { AccessResult } from './nfs3/access.ts'
export { accessBits } from './nfs3/access.ts'
export type { Attributes, FileType } from './nfs3/attributes.ts'
export type { DirectoryEntry, DirectoryPage, RefusedEntry } from './nfs3/directory.ts'
export type { FsInfo } from './nfs3/fsinfo.ts'
export type { FsStat } from './nfs3/fsstat.ts'
export type { LookupResult } from './nfs3/lookup.ts'
export type { ReadResult } from './nfs3/read.ts'
export type { MountOptions } from './options.ts'
export type { ReadRangeOptions, ReadRangeResult } from './read-range.ts'
export { firstReadBytes, readRange } from './read-range.ts'
export type { ReadStanding } from './read-standing.ts'
export { readStanding } from './read-standing.ts'
export type { Receiver } from './rpc/call.ts'
export type { Resolve } from './rpc/target.ts'
export type { NfsObserver, NfsStats, ProcedureStats } from './stats.ts'
export type { NfsUrl } from './url.ts'
export { parseNfsUrl } from './url.ts'
