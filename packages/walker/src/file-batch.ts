import type { Entry, Mount } from './mount.ts'
import type { WalkPart } from './parts.ts'
import { joinPath } from './paths.ts'
import type { ReadSource, ReadUnit } from './read-unit.ts'
import type { Tally } from './tallies.ts'

/** Files of one directory: what a page of its listing brought, or names that came from elsewhere. */
export class FileBatch implements ReadSource {
  readonly tally: Tally
  readonly #directory: string
  readonly #real: string
  readonly #from: Mount | undefined
  readonly #files: readonly Entry[]
  #at = 0
  #end: number

  constructor(options: {
    readonly directory: string
    readonly real: string
    readonly files: readonly Entry[]
    readonly from?: Mount | undefined
    readonly tally: Tally
  }) {
    this.#directory = options.directory
    this.#real = options.real
    this.#files = options.files
    this.#from = options.from
    this.#end = options.files.length
    this.tally = options.tally
  }

  get pending(): number {
    return this.#end - this.#at
  }

  next(): ReadUnit | undefined {
    const file = this.#at < this.#end ? this.#files[this.#at] : undefined
    if (!file) return undefined
    this.#at++
    const path = joinPath(this.#directory, file.name)
    const real = this.#real === this.#directory ? path : joinPath(this.#real, file.name)
    return { path, real, size: file.size, handle: file.handle, from: this.#from, tally: this.tally, as: 'name' }
  }

  give(max: number): { part: WalkPart; units: number }[] {
    const names = this.#files.slice(Math.max(this.#at, this.#end - max), this.#end).map(({ name }) => name)
    this.#end -= names.length
    return names.length === 0
      ? []
      : [{ part: { kind: 'files', directory: this.#directory, names }, units: names.length }]
  }
}
