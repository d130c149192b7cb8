/*
 * export   a directory that a server lets others mount
 * handle   the server's own name of a file or directory; good on every address of the same export
 * cookie   where in a directory a listing resumes
 * call     one question to the server, one answer; any number are out at a time
 * xid      tells which answer belongs to which call
 */

export type { CallOptions, NfsExport, ReadCallOptions, ResolvedPath } from './client/export.ts'
export { longReadBytes } from './client/export.ts'
export type { ReadRangeOptions, ReadRangeResult, ReadStanding } from './client/read-range.ts'
export { firstReadBytes, readRange, readStanding } from './client/read-range.ts'
export type { NfsObserver, NfsStats, ProcedureStats } from './client/stats.ts'
export type { Clock } from './clock.ts'
export { systemClock } from './clock.ts'
export type { NfsErrorCode } from './errors.ts'
export { isNfsError, NfsError } from './errors.ts'
export type { ChunkOptions } from './files/chunks.ts'
export type { ReadFileOptions, ReadStreamOptions } from './files/files.ts'
export { NfsFiles } from './files/files.ts'
export type { OpenedFolder } from './files/folder.ts'
export type { FileEntry, FileStats } from './files/stats.ts'
export type { ListedPage, ListPosition } from './listing/listing.ts'
export type { PageMark } from './listing/trail.ts'
export { mountExport } from './mount/mount-export.ts'
export type { MountOptions } from './mount/options.ts'
export type { NfsUrl } from './mount/url.ts'
export { parseNfsUrl } from './mount/url.ts'
export type { DirectoryEntry, DirectoryPage, LookupResult, RefusedEntry } from './nfs3/directories.ts'
export type { FsInfo, FsStat } from './nfs3/file-system.ts'
export type { ReadResult } from './nfs3/files.ts'
export type { AccessResult, Attributes, FileHandle, FileType } from './nfs3/objects.ts'
export { accessBits, handleFromHex, handleToHex } from './nfs3/objects.ts'
export type { Receiver } from './rpc/call.ts'
export type { Resolve } from './rpc/target.ts'
export { decodeName, encodeName } from './xdr/names.ts'
