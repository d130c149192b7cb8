import { realpath } from 'node:fs'
import { WalkError } from '../errors.ts'
import { fromErrno } from './errno.ts'
import { systemPath } from './path-bytes.ts'

const directoriesKnown = 4096

/**
 * Keeps every path within the export. The kernel follows a symbolic link in the middle of a path wherever it leads, so
 * each directory is looked at once before anything in it is touched. A directory that is swapped for a link after that
 * look is not noticed until it is forgotten: Node has no openat(2) to rule it out.
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
    if (!this.#holds(real)) throw new WalkError('OUTSIDE', `${directory}: leads out of the export`)
    if (this.#inside.size >= directoriesKnown) this.#inside.clear()
    this.#inside.add(directory)
    return real
  }

  #holds(real: Buffer): boolean {
    const root = this.#rootBytes
    return real.subarray(0, root.length).equals(root) || real.equals(root.subarray(0, -1))
  }
}
