import { type Static, Type } from 'typebox'
import { childItem, runPattern } from '../names/names.ts'
import { toWire, wireBytes } from '../wire/text.ts'
import { readVersioned, strict, validator, Whole, writeMessage } from '../wire/validate.ts'
import { Part, partBytes, partProblems } from './item.ts'

/** More chunks than this no list has: two thousand million paths. */
export const maxListChunks = 1_000_000

export const JobList = Type.Object(
  {
    id: Type.String({ pattern: runPattern, description: 'Names the queue with the chunks: <prefix>list-<id>.' }),
    chunks: Type.Integer({ minimum: 1, maximum: maxListChunks, description: 'How many there are, numbered from 0.' }),
    paths: Whole('Paths in them all.'),
  },
  { ...strict, description: 'A list of paths to warm first, which waits in a queue of its own.' },
)
/** A list of paths that a job brings along in a queue of its own. All chunks were sent before the job was. */
export type JobList = Static<typeof JobList>

export const ListChunk = Type.Object(
  {
    v: Type.Literal(1),
    list: Type.String({ pattern: runPattern, description: 'Id of the list.' }),
    chunk: Type.Integer({ minimum: 0, maximum: maxListChunks - 1, description: 'Its number.' }),
    parts: Type.Array(Part, { minItems: 1 }),
  },
  { ...strict, title: 'ListChunk', description: 'A piece of a list of paths, as large as an item may be.' },
)
/** A piece of a list of paths, which becomes an item of the run as it is. */
export type ListChunk = Static<typeof ListChunk>

const chunk = validator(ListChunk, ({ parts }) => parts.flatMap(partProblems))

/** Throws `LIST_INVALID` or `TOO_LARGE`. */
export const encodeListChunk = (value: ListChunk): string => writeMessage(chunk.parse(value, 'LIST_INVALID'))

/** Throws `VERSION_UNKNOWN`, `LIST_INVALID` (also for an unknown key) or `TOO_LARGE`. */
export const decodeListChunk = (text: string): ListChunk =>
  chunk.parse(readVersioned(text, 'LIST_INVALID'), 'LIST_INVALID')

/** The item that a chunk becomes. A run that was started over, of generation 1, calls them `list-2.0`, `list-2.1`, ... */
export const listItem = (number: number, generation: number = 0): string =>
  childItem(generation === 0 ? 'list' : `list-${generation + 1}`, number)

export interface ListPackerOptions {
  /** Most that a chunk's parts take up in a message, in bytes. Default 56,000, which leaves room for an item's envelope. */
  readonly maxBytes?: number | undefined
  /** Most paths in a chunk. Default 2,000. */
  readonly maxPaths?: number | undefined
}

/**
 * Packs paths into chunks as they come, so that a list of any length needs the memory of one chunk. Files of one
 * directory are together within a chunk: looking them up is cheap then. Chunks keep the order of the list.
 */
export class ListPacker {
  readonly #list: string
  readonly #maxBytes: number
  readonly #maxPaths: number
  #files = new Map<string, string[]>()
  #trees: string[] = []
  #bytes = 0
  #held = 0
  #chunks = 0
  #paths = 0

  constructor(list: string, options: ListPackerOptions = {}) {
    this.#list = list
    this.#maxBytes = options.maxBytes ?? 56_000
    this.#maxPaths = options.maxPaths ?? 2_000
  }

  /** Chunks given away so far. */
  get chunks(): number {
    return this.#chunks
  }

  /** Paths taken so far. */
  get paths(): number {
    return this.#paths
  }

  /** Takes a path that `checkPath` lets pass; gives the chunk that is full without it. `tree`: with all below it. */
  add(path: string, kind: 'file' | 'tree'): ListChunk | undefined {
    const slash = path.lastIndexOf('/')
    const directory = slash === 0 ? '/' : path.slice(0, slash)
    const name = path.slice(slash + 1)
    let bytes = this.#bytesOf(path, kind, directory, name)
    let full: ListChunk | undefined
    if (this.#held > 0 && (this.#bytes + bytes > this.#maxBytes || this.#held === this.#maxPaths)) {
      full = this.end()
      bytes = this.#bytesOf(path, kind, directory, name)
    }
    const names = this.#files.get(directory)
    if (kind === 'tree') this.#trees.push(path)
    else if (names === undefined) this.#files.set(directory, [name])
    else names.push(name)
    this.#bytes += bytes
    this.#held += 1
    this.#paths += 1
    return full
  }

  /** What is held; undefined for nothing. */
  end(): ListChunk | undefined {
    if (this.#held === 0) return undefined
    const files = [...this.#files].map(([directory, names]) => ({
      kind: 'files' as const,
      directory,
      names,
      listed: true as const,
    }))
    const trees = this.#trees.map((path) => ({ kind: 'tree' as const, path }))
    const chunk: ListChunk = { v: 1, list: this.#list, chunk: this.#chunks, parts: [...files, ...trees] }
    this.#chunks += 1
    this.#files = new Map()
    this.#trees = []
    this.#bytes = 0
    this.#held = 0
    return chunk
  }

  #bytesOf(path: string, kind: 'file' | 'tree', directory: string, name: string): number {
    if (kind === 'tree') return partBytes({ kind: 'tree', path }) + 1
    const part: Part = { kind: 'files', directory, names: [], listed: true }
    return textBytes(name) + 1 + (this.#files.has(directory) ? 0 : partBytes(part) + 1)
  }
}

const plain = /^[ !#-%'-;=?-[\]-~]*$/

/** Size of a text in a message. Nearly all names need no escapes. */
const textBytes = (text: string): number => (plain.test(text) ? text.length + 2 : wireBytes(toWire(text)))
