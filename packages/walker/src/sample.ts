import { hashPath } from './hash.ts'

/** A file up to this size takes a round trip or two, whatever its size: what counts is how many there are. As the manager divides them. */
export const smallBytes = 65_535

export interface SampledFile {
  readonly path: string
  /** Bytes. */
  readonly size: number
}

interface Candidate extends SampledFile {
  readonly hash: number
}

/**
 * A few of the files that a walk finds, the same ones whatever the order: those with the lowest hashes of their paths,
 * which are spread over the tree. One large file for four small ones, as far as there are any.
 */
export class FileSample {
  readonly #small: Candidate[] = []
  readonly #large: Candidate[] = []
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  /** All of them, the small ones first. */
  get files(): readonly SampledFile[] {
    return [...this.#small, ...this.#large].map(({ path, size }) => ({ path, size }))
  }

  offer(path: string, size: number): void {
    if (size <= smallBytes) insert(this.#small, this.#most, path, size)
    else insert(this.#large, Math.ceil(this.#most / 4), path, size)
  }
}

/** Keeps the list in order, and at most so long. */
function insert(list: Candidate[], most: number, path: string, size: number): void {
  const hash = hashPath(path)
  if (list.length === most && hash >= (list.at(-1)?.hash ?? 0)) return
  const at = list.findIndex((other) => other.hash > hash)
  list.splice(at === -1 ? list.length : at, 0, { path, size, hash })
  list.length = Math.min(list.length, most)
}
