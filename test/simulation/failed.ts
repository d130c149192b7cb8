import type { Failure } from '@cachewarmer/core'
import type { SimJob } from './expectations.ts'

/** Failures by path and address. */
export class Failed {
  readonly #files = new Set<string>()
  /** Paths that failed as a whole, whatever the address: directories that could not be listed, items that were given up. */
  readonly #whole = new Set<string>()

  constructor(failures: readonly Failure[]) {
    for (const { path, address } of failures) {
      if (address === undefined) this.#whole.add(path)
      else this.#files.add(`${address} ${path}`)
    }
  }

  /** Distinct files and addresses. */
  get size(): number {
    return this.#files.size + this.#whole.size
  }

  covers(path: string, address: string | undefined): boolean {
    if (this.hides(path)) return true
    if (address !== undefined) return this.#files.has(`${address} ${path}`)
    return [...this.#files].some((key) => key.endsWith(` ${path}`))
  }

  /** Is a failure, through every address where a job reads through each. */
  named(path: string, { addresses, through }: SimJob): boolean {
    if (through === 'spread') return this.covers(path, undefined)
    return addresses.every((address) => this.covers(path, address))
  }

  /** Fails at one of the addresses of the job. */
  at(path: string, job: SimJob): boolean {
    return job.addresses.some((address) => this.#files.has(`${address} ${path}`))
  }

  /** The path, or a directory that it lies in, failed as a whole. */
  hides(path: string): boolean {
    if (this.#whole.size === 0) return false
    for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) if (this.#whole.has(at)) return true
    return this.#whole.has('/')
  }
}
