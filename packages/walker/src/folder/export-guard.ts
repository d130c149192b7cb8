import { close, closeSync, constants, fstat, fstatSync, open, readlinkSync, realpath } from 'node:fs'
import { WalkError } from '../errors.ts'
import { fromErrno } from './errno.ts'
import { idOf } from './identity.ts'
import { systemPath } from './path-bytes.ts'

const directoriesKnown = 4096
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants

/** A directory that is open. */
export interface Entered {
  /** What lists it, whatever its own path leads to by now. */
  readonly path: Buffer
  /** What tells it from other directories; of what is open, so that no server has to be asked. */
  identify(): Promise<string | undefined>
  close(): void
}

/**
 * Keeps every path within the export. The kernel follows a symbolic link in the middle of a path wherever it leads, so
 * each directory is looked at once before anything in it is touched. What is listed is the very directory that was looked
 * at. A file's directory that is swapped for a link after that look is not noticed until it is forgotten: Node has no
 * openat(2) to rule it out.
 */
export class ExportGuard {
  readonly #root: string
  readonly #rootBytes: Buffer
  readonly #inside = new Set<string>()

  /** `root` has no links in it. */
  constructor(root: string) {
    this.#root = root
    this.#rootBytes = Buffer.from(root === '/' ? '/' : `${root}/`)
  }

  /** What system calls take for the path: a string, or bytes where they are not UTF-8. */
  full(path: string): string | Buffer {
    return systemPath(path === '/' ? this.#root : this.#root === '/' ? path : this.#root + path)
  }

  /** True where `check` has nothing to find out. */
  knows(directory: string): boolean {
    return directory === '/' || this.#inside.has(directory)
  }

  /** Throws `OUTSIDE` for a directory that lies out of the export. Gives the path that it really has. */
  async check(directory: string): Promise<Buffer> {
    const real = await new Promise<Buffer>((resolve, reject) => {
      realpath.native(this.full(directory), 'buffer', (error, found) => {
        if (error) reject(fromErrno(error, directory))
        else resolve(found)
      })
    })
    this.#admit(directory, real)
    return real
  }

  /**
   * Opens a directory for being listed, which must not itself be a link. Throws `OUTSIDE` for one that lies
   * out of the export.
   */
  async enter(directory: string, { closesAtOnce }: { readonly closesAtOnce: boolean }): Promise<Entered> {
    const fd = await this.#open(directory)
    const leave = (): void => (closesAtOnce ? closeSync(fd) : close(fd, () => undefined))
    try {
      const path = Buffer.from(`/proc/self/fd/${fd}`)
      const real = realPathOf(path)
      if (real !== undefined) this.#admit(directory, real)
      const identify = closesAtOnce ? async () => idOf(fstatSync(fd, { bigint: true })) : () => identityOf(fd)
      return { path: real === undefined ? await this.check(directory) : path, identify, close: leave }
    } catch (error) {
      leave()
      throw error
    }
  }

  #open(directory: string): Promise<number> {
    return new Promise((resolve, reject) => {
      open(this.full(directory), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, (error, fd) => {
        if (error === null) resolve(fd)
        else if (error.code !== 'ENOTDIR' && error.code !== 'ELOOP') reject(fromErrno(error, directory))
        // A link is refused for where it leads, if that is out of the export.
        else
          this.check(directory).then(
            () => reject(new WalkError('NOT_A_DIRECTORY', `${directory}: not a directory, or a symbolic link`)),
            reject,
          )
      })
    })
  }

  #admit(directory: string, real: Buffer): void {
    if (!this.#holds(real)) throw new WalkError('OUTSIDE', `${directory}: leads out of the export`)
    if (this.#inside.size >= directoriesKnown) this.#inside.clear()
    this.#inside.add(directory)
  }

  #holds(real: Buffer): boolean {
    const root = this.#rootBytes
    return real.subarray(0, root.length).equals(root) || real.equals(root.subarray(0, -1))
  }
}

/** Where what is open lies, as the kernel knows without asking anybody; undefined where it does not tell, as without /proc. */
function realPathOf(descriptor: Buffer): Buffer | undefined {
  try {
    return readlinkSync(descriptor, 'buffer')
  } catch {
    return undefined
  }
}

/** Undefined where the file system does not tell: then the directory is known by its path alone. */
const identityOf = (fd: number): Promise<string | undefined> =>
  new Promise((resolve) => fstat(fd, { bigint: true }, (error, stats) => resolve(error ? undefined : idOf(stats))))
