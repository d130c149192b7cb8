import { closeSync, constants, fstat, fstatSync, open, readlinkSync, realpath } from 'node:fs'
import { isWalkError, WalkError } from '../../errors.ts'
import { nameOf, parentOf } from '../../paths.ts'
import { type OpenFolder, pathOnly } from './open-folder.ts'
import { fromErrno, idOf, systemPath } from './system.ts'

/** Directories that are kept open for the files that are read in them next. */
const directoriesKept = 128
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants

/** A directory of the export that is open: what is reached through it lies in this very directory. */
export class HeldDirectory {
  /** What system calls take for the directory; bytes where it is not UTF-8. */
  readonly path: string | Buffer
  readonly #at: string
  readonly #fd: number
  /** The caller that opened it is the first. */
  #users = 1
  #kept = true

  constructor(at: string, fd: number) {
    this.#at = at
    this.path = systemPath(`${at}/.`)
    this.#fd = fd
  }

  /** What system calls take for a name in it. */
  in(name: string): string | Buffer {
    return systemPath(`${this.#at}/${name}`)
  }

  /** What tells it from other directories; of what is open, so that no server has to be asked. */
  async identify({ atOnce }: { readonly atOnce: boolean }): Promise<string | undefined> {
    if (atOnce) return idOf(fstatSync(this.#fd, { bigint: true }))
    // Undefined where the file system does not tell: then the directory is known by its path alone.
    return new Promise((resolve) =>
      fstat(this.#fd, { bigint: true }, (error, stats) => resolve(error ? undefined : idOf(stats))),
    )
  }

  /** Open for one more user, until it says `release`. */
  use(): this {
    this.#users += 1
    return this
  }

  release(): void {
    this.#users -= 1
    this.#closeUnused()
  }

  /** It closes with its last user. */
  forget(): void {
    this.#kept = false
    this.#closeUnused()
  }

  /** What is open as a place alone closes at once: no server hears of it. */
  #closeUnused(): void {
    if (this.#users === 0 && !this.#kept) closeSync(this.#fd)
  }
}

/**
 * Keeps every path within the export. The kernel follows a symbolic link in the middle of a path wherever it leads, so each
 * directory is opened, and used only where what was opened lies in the export. Its files are reached through it: what is
 * renamed or put in its place meanwhile makes no difference. Node has no openat(2); /proc/self/fd serves in its stead.
 */
export class ExportGuard {
  readonly #root: OpenFolder
  readonly #oneFileSystem: boolean
  /** The oldest first. */
  readonly #held = new Map<string, HeldDirectory>()
  readonly #opening = new Map<string, Promise<HeldDirectory>>()
  /** Calls under way that have the number of the root's descriptor, which another file gets once that is closed. */
  #lookups = 0
  #closed = false

  /** `oneFileSystem`: what is mounted below the folder is out of the export, too. */
  constructor(root: OpenFolder, { oneFileSystem = false }: { readonly oneFileSystem?: boolean | undefined } = {}) {
    this.#root = root
    this.#oneFileSystem = oneFileSystem
  }

  /** What system calls take for a path that has not been checked. */
  full(path: string): string | Buffer {
    return systemPath(`${this.#root.path}${path === '/' ? '/.' : path}`)
  }

  /**
   * The directory, open until it is released: at once where it is open already. Rejects with `OUTSIDE` for one that lies out
   * of the export.
   */
  hold(directory: string): HeldDirectory | Promise<HeldDirectory> {
    const held = this.#held.get(directory)
    if (held !== undefined) return held.use()
    let opening = this.#opening.get(directory)
    if (opening === undefined) {
      opening = this.#open(directory, O_RDONLY | O_DIRECTORY | pathOnly).finally(() => this.#opening.delete(directory))
      this.#opening.set(directory, opening)
      // Once all who waited for it use it.
      opening.then(
        (opened) => setImmediate(() => opened.release()),
        () => undefined,
      )
    }
    return opening.then((opened) => opened.use())
  }

  /** As `hold`, for a directory that is listed: it must not itself be a link. */
  enter(directory: string): Promise<HeldDirectory> {
    return this.#open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | pathOnly)
  }

  /** Closes everything but what is in use, which closes when it is released. Nothing is opened from then on. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const held of this.#held.values()) held.forget()
    this.#held.clear()
    if (this.#lookups === 0) this.#root.close()
  }

  async #open(directory: string, flags: number): Promise<HeldDirectory> {
    if (this.#closed) throw new WalkError('OTHER', `${directory}: the mount was closed`)
    this.#lookups += 1
    try {
      return await this.#opened(directory, flags)
    } finally {
      this.#lookups -= 1
      if (this.#closed && this.#lookups === 0) this.#root.close()
    }
  }

  /** The kernel takes paths of 4,095 bytes (PATH_MAX): what lies deeper is opened from the directory that it lies in. */
  async #opened(directory: string, flags: number): Promise<HeldDirectory> {
    try {
      return await this.#openedByPath(directory, flags)
    } catch (error) {
      if (!isWalkError(error) || error.code !== 'NAME_TOO_LONG' || directory === '/') throw error
      return await this.#openedInParent(directory, flags)
    }
  }

  /** No link is followed, and the directory above lies in the export: so does this one. */
  async #openedInParent(directory: string, flags: number): Promise<HeldDirectory> {
    const parent = await this.hold(parentOf(directory))
    try {
      const fd = await new Promise<number>((resolve, reject) => {
        open(parent.in(nameOf(directory)), flags | O_NOFOLLOW, (error, opened) => {
          if (error === null) resolve(opened)
          else reject(isNoDirectory(error) ? noDirectory(directory) : fromErrno(error, directory))
        })
      })
      try {
        this.#stayInFileSystem(directory, fd)
        return this.#keep(directory, new HeldDirectory(`/proc/self/fd/${fd}`, fd))
      } catch (error) {
        closeSync(fd)
        throw error
      }
    } finally {
      parent.release()
    }
  }

  #stayInFileSystem(directory: string, fd: number): void {
    if (!this.#oneFileSystem || this.#root.holds(fd)) return
    const why = 'another file system of the server begins here; a job for its own export warms it'
    throw new WalkError('OUTSIDE', `${directory}: ${why}`)
  }

  async #openedByPath(directory: string, flags: number): Promise<HeldDirectory> {
    const fd = await this.#descriptor(directory, flags)
    const at = `/proc/self/fd/${fd}`
    try {
      this.#stayInFileSystem(directory, fd)
      const real = realPathOf(at)
      if (real !== undefined) this.#admit(directory, real)
      else await this.#check(directory)
      return this.#keep(directory, new HeldDirectory(real === undefined ? this.#plain(directory) : at, fd))
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  #keep(directory: string, opened: HeldDirectory): HeldDirectory {
    if (this.#closed) {
      opened.forget()
      return opened
    }
    this.#held.get(directory)?.forget()
    this.#held.delete(directory)
    this.#held.set(directory, opened)
    for (const [name, oldest] of this.#held) {
      if (this.#held.size <= directoriesKept) break
      this.#held.delete(name)
      oldest.forget()
    }
    return opened
  }

  #plain(directory: string): string {
    return `${this.#root.path}${directory === '/' ? '' : directory}`
  }

  #descriptor(directory: string, flags: number): Promise<number> {
    return new Promise((resolve, reject) => {
      open(this.full(directory), flags, (error, fd) => {
        if (error === null) resolve(fd)
        else if (!isNoDirectory(error)) reject(fromErrno(error, directory))
        // A link is refused for where it leads, if that is out of the export.
        else this.#check(directory).then(() => reject(noDirectory(directory)), reject)
      })
    })
  }

  async #check(directory: string): Promise<void> {
    const real = await new Promise<Buffer>((resolve, reject) => {
      realpath.native(this.full(directory), 'buffer', (error, found) => {
        if (error) reject(fromErrno(error, directory))
        else resolve(found)
      })
    })
    this.#admit(directory, real)
  }

  #admit(directory: string, real: Buffer): void {
    const root = this.#root.real()
    const prefix = root.equals(slash) ? slash : Buffer.concat([root, slash])
    if (real.equals(root) || real.subarray(0, prefix.length).equals(prefix)) return
    throw new WalkError('OUTSIDE', `${directory}: leads out of the export`)
  }
}

const slash = Buffer.from('/')

const isNoDirectory = ({ code }: NodeJS.ErrnoException): boolean => code === 'ENOTDIR' || code === 'ELOOP'

const noDirectory = (directory: string): WalkError =>
  new WalkError('NOT_A_DIRECTORY', `${directory}: not a directory, or a symbolic link`)

/** Where an open descriptor lies, as the kernel knows without asking a server; undefined where it does not tell, as without /proc. */
function realPathOf(descriptor: string): Buffer | undefined {
  try {
    return readlinkSync(descriptor, 'buffer')
  } catch {
    return undefined
  }
}
