import type { Attributes, FileType } from '../nfs3/objects.ts'

/** The type bits of `mode`, as in Linux's inode(7). */
const typeBits: Readonly<Record<FileType, number>> = {
  fifo: 0o010_000,
  character: 0o020_000,
  directory: 0o040_000,
  block: 0o060_000,
  file: 0o100_000,
  symlink: 0o120_000,
  socket: 0o140_000,
}

/** What kind of thing it is, as of `fs.Stats` and `fs.Dirent`. */
abstract class Kind {
  protected abstract readonly type: FileType

  isFile(): boolean {
    return this.type === 'file'
  }
  isDirectory(): boolean {
    return this.type === 'directory'
  }
  isSymbolicLink(): boolean {
    return this.type === 'symlink'
  }
  isBlockDevice(): boolean {
    return this.type === 'block'
  }
  isCharacterDevice(): boolean {
    return this.type === 'character'
  }
  isFIFO(): boolean {
    return this.type === 'fifo'
  }
  isSocket(): boolean {
    return this.type === 'socket'
  }
}

/** The attributes of an object of an export in the shape of `fs.Stats`; NFS knows no time of birth. */
export class FileStats extends Kind {
  /** As the server sent them; numbers of 64 bits are exact here. */
  readonly attributes: Attributes

  constructor(attributes: Attributes) {
    super()
    this.attributes = attributes
  }

  protected get type(): FileType {
    return this.attributes.type
  }
  /** Type and permission bits. */
  get mode(): number {
    return (this.attributes.mode & 0o7777) | typeBits[this.type]
  }
  /** Bytes; rounded beyond 2^53. */
  get size(): number {
    return Number(this.attributes.size)
  }
  get nlink(): number {
    return this.attributes.nlink
  }
  get uid(): number {
    return this.attributes.uid
  }
  get gid(): number {
    return this.attributes.gid
  }
  /** `fileid`, rounded beyond 2^53. */
  get ino(): number {
    return Number(this.attributes.fileid)
  }
  /** `fsid`, rounded beyond 2^53. */
  get dev(): number {
    return Number(this.attributes.fsid)
  }
  /** Of 512 bytes, on the server's disks. */
  get blocks(): number {
    return Math.ceil(Number(this.attributes.used) / 512)
  }
  get atimeMs(): number {
    return this.attributes.accessedMs
  }
  get mtimeMs(): number {
    return this.attributes.modifiedMs
  }
  get ctimeMs(): number {
    return this.attributes.changedMs
  }
  get atime(): Date {
    return new Date(this.atimeMs)
  }
  get mtime(): Date {
    return new Date(this.mtimeMs)
  }
  get ctime(): Date {
    return new Date(this.ctimeMs)
  }
}

/** An entry of a directory in the shape of `fs.Dirent`; its attributes came with the listing. */
export class FileEntry extends Kind {
  readonly name: string
  /** The directory that was listed, as it was asked for. */
  readonly parentPath: string
  /** What `lstat` would tell: links are not followed. */
  readonly stats: FileStats

  constructor(name: string, parentPath: string, attributes: Attributes) {
    super()
    this.name = name
    this.parentPath = parentPath
    this.stats = new FileStats(attributes)
  }

  protected get type(): FileType {
    return this.stats.attributes.type
  }
}
