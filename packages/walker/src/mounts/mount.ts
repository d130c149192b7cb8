import type { WalkError } from '../errors.ts'
import type { Limiter } from '../limits/limiter.ts'

/*
 * A mount is one opened (address, export): a direct NFS connection, a mounted folder, or a tree in memory.
 * Paths are absolute within the export: '/' is its root, '/a/b' a file or directory below, never '.', '..' or '//'.
 * Names are strings in which every byte that is not UTF-8 is a lone surrogate U+DC80..U+DCFF (as in PEP 383).
 */

/** `unknown`: it is listed, and looking at it failed. */
export type EntryKind = 'file' | 'directory' | 'symlink' | 'other' | 'unknown'

/** What tells a directory from every other one. */
export interface Identity {
  /** By its file system, such as `fsid:fileid:changed`. Undefined where those say nothing. */
  readonly id?: string | undefined
  /** Good among mounts of the same `handleSpace`. */
  readonly handle?: unknown
}

/** One name of a directory. What the mount learnt with the listing comes along; what it did not is undefined. */
export interface Entry {
  readonly name: string
  readonly kind: EntryKind
  /** Bytes. Known for files when the listing carried attributes. */
  readonly size?: number | undefined
  /** Milliseconds since 1970. */
  readonly modifiedMs?: number | undefined
  /** Of a directory: see `Identity`. */
  readonly id?: string | undefined
  /** What opens the object fast on mounts of the same `handleSpace`; opaque to everybody else. */
  readonly handle?: unknown
  /** Why an entry is `unknown`. */
  readonly error?: WalkError | undefined
  /** The directories on the way to it, the export's root first, where `stat` was asked for them and the mount knows them. */
  readonly above?: readonly Identity[] | undefined
}

export interface DirectoryPage {
  readonly entries: readonly Entry[]
  /** Of the directory itself, with its first page, where the mount knows without asking. */
  readonly directory?: Identity | undefined
  /** What the filer lists and no directory can hold: a failure of the directory each. */
  readonly refused?: readonly WalkError[] | undefined
  /** Where the listing resumes after this page, if the mount can resume there later and elsewhere; else undefined. */
  readonly resume?: string | undefined
}

/** An object to open: by handle where one is known and valid here, else by path. */
export interface Target {
  readonly path: string
  readonly handle?: unknown
  /** The handle is another mount's, of the same `handleSpace`. */
  readonly foreign?: boolean | undefined
}

/** Options of every call to a mount. */
export interface Asking {
  readonly signal: AbortSignal
  /**
   * Called, where the mount knows of it, as each request goes out that the question takes beyond one; of a listing, that a
   * page takes. Reads tell in their outcome.
   */
  readonly onFurtherRequest?: (() => void) | undefined
}

export interface StatOptions extends Asking {
  /** Tell the directories on the way as well. Default false. */
  readonly above?: boolean | undefined
}

export interface ListOptions extends Asking {
  /** Ask for size and time of every entry even where that costs a call each. */
  readonly attributes: boolean
  /** Resume where an earlier page said. Only for mounts that gave `resume`. */
  readonly resume?: string | undefined
}

export interface ReadOptions {
  readonly offset: number
  /** At most this many bytes; Infinity reads to the end of the file. */
  readonly length: number
  /** Size of the whole file as its listing told. It may have changed since: a hint of how much to ask for, no bound. */
  readonly size?: number | undefined
  /** Called with bytes as they arrive, if the read takes several requests; the last of them are only in the outcome. */
  readonly arrivals?: Arrivals | undefined
  readonly signal: AbortSignal
}

/** Receives byte counts before the read that brings them has ended. */
export interface Arrivals {
  arrived(bytes: number): void
}

export interface ReadOutcome {
  /**
   * Bytes that really arrived. Fewer than asked at the end of the file; where they are fewer and `end` is false, the mount
   * sent no more although the file is longer: see `isComplete`. A mount does not wait for more.
   */
  readonly bytes: number
  /** The file ends where the read ended, or before. */
  readonly end: boolean
  /** Size of the file in bytes where the read learnt it; always known when `end` is false. */
  readonly size?: number | undefined
  /** How long its first request took, in milliseconds, where that is less than all of the read. */
  readonly firstMs?: number | undefined
  /** Requests that it took, where the mount knows. */
  readonly requests?: number | undefined
}

/** All bytes came that were asked for and that the file has. */
export const isComplete = ({ bytes, end }: ReadOutcome, length: number): boolean => end || bytes >= length

/** Whether a file of the mount can have the size that a listing told. */
export const canBe = ({ maxFileBytes = Number.MAX_SAFE_INTEGER }: Mount, size: number): boolean => size <= maxFileBytes

/**
 * Why reads through a mount may have been answered without the server:
 * - `buffered`: the file system does not read past this machine's page cache.
 * - `fuse`: a FUSE daemon answers, and may do so from a cache of its own.
 * - `attributes`: it was mounted before, so listings and attributes may come from this machine's memory.
 * - `local`: no network file system is there.
 */
export type Doubt = 'buffered' | 'fuse' | 'attributes' | 'local'

/** How the bytes of a mount come. */
export interface Reach {
  /** For people: `NFSv3`, `NFSv4.1 kernel mount`, `cifs folder`. */
  readonly by: string
  /** Grows as reasons are found. */
  readonly doubts: ReadonlySet<Doubt>
  /** Of mounts of this machine's NFS client: two with the same one read through one connection. */
  readonly connection?: string | undefined
}

/** Whether a mount answers now. */
export interface MountHealth {
  readonly alive: boolean
  /** When it stopped to, by its clock, which has to be the walk's; undefined while it does. */
  readonly downSinceMs: number | undefined
  /** Why it does not, for people. */
  readonly reason?: string | undefined
  /** Settles when it answers, at once if it does; rejects with the signal's reason. */
  whenBack(signal: AbortSignal): Promise<void>
}

export interface Mount {
  /** What reports call it: the address, or the folder. */
  readonly name: string
  /** Mounts with the same space accept each other's handles. Undefined: handles are good on this mount alone. */
  readonly handleSpace?: string | undefined
  /** The IP address that it is connected to, where it knows. */
  readonly peer?: string | undefined
  /** Bytes of the largest file that there can be. Default 2^53 - 1, beyond which a `number` is no longer exact. */
  readonly maxFileBytes?: number | undefined
  /** Requests in flight that make sense here; the walk's limit is the smaller of this and its own. */
  readonly maxInFlight: number
  /** Listings in flight that make sense here, where directories are small. Default 16. */
  readonly maxListings?: number | undefined
  /** Bounds its reads in flight, where it knows better than the walk; several walks over the mount share it. */
  readonly limiter?: Limiter | undefined
  /** What bounds the requests of its long reads, where those have a limit of their own: for people to look at. */
  readonly longReads?: Pick<Limiter, 'state'> | undefined
  /** How its bytes come. Absent: nothing is known of it. */
  readonly reach?: Reach | undefined
  /** Whether it answers. Absent: unknown until it is asked. */
  readonly health?: MountHealth | undefined
  /**
   * It could not be opened, and everything asked of it fails with why. What any mount can tell is asked of others; files
   * that were to be read through it are its failures. Default false.
   */
  readonly unusable?: boolean | undefined
  /** Pages in the order of the directory, without '.' and '..'. Closing the iterator early frees what it holds. */
  list(directory: Target, options: ListOptions): AsyncIterable<DirectoryPage>
  /** What a path is. Does not follow a symbolic link at its end. */
  stat(path: string, options: StatOptions): Promise<Entry>
  /**
   * What a symbolic link says. A target that begins with '/' is absolute within the export: a mount that knows where
   * clients see the export translates, and throws `OUTSIDE` for what is not below it.
   * Absent: the mount can't read links, and no walk over it can follow them.
   */
  readLink?(path: string, options: Asking): Promise<string>
  /**
   * Reads and drops. Never opens anything but a regular file: throws `NOT_A_FILE` for FIFOs, devices, sockets, links. Throws
   * `TOO_LARGE` where the file's size can't be meant.
   */
  read(file: Target, options: ReadOptions): Promise<ReadOutcome>
  close(): Promise<void>
}

/** A mount of this package, which `await using` closes. */
export type OpenMount = Mount & AsyncDisposable
