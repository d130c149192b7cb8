import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import type { CallOptions, NfsExport } from '../client/export.ts'
import { NfsError } from '../errors.ts'
import { type ChunkOptions, type ChunkSettings, checkChunkOptions, readChunks } from './chunks.ts'
import { atPath, type Found, find } from './find.ts'
import { listEntries, listNames, OpenedFolder } from './folder.ts'
import { type FileEntry, FileStats } from './stats.ts'

/** `null`: bytes. */
export interface ReadFileOptions<E extends BufferEncoding | null = BufferEncoding | null> {
  readonly encoding?: E | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ReadStreamOptions extends ChunkOptions {
  /** The stream then gives strings. Default: bytes. */
  readonly encoding?: BufferEncoding | undefined
}

type PathOptions = Pick<CallOptions, 'signal'>

/** What fits into one buffer, as with `fs.readFile`. */
const mostFileBytes = 2 ** 31 - 1
/** READs of `readFile` in flight. */
const inFlight = 8

/**
 * The files of an export by path, in the shape of `node:fs/promises`. Paths begin at the export's root, with or without `/`;
 * `.` and `..` are `OPTION_INVALID`. Symbolic links are followed within the export, also on the way. Any number of calls may
 * run at once. All reject with `NfsError`, whose `code` is Node's without the E (`NOENT`, `ACCES`, `ISDIR`, `NOTDIR`), or with
 * the reason of an aborted `signal`. Closing is the export's: `mounted.close()`.
 */
export class NfsFiles {
  readonly #mounted: NfsExport

  constructor(mounted: NfsExport) {
    this.#mounted = mounted
  }

  /** The whole file, up to 2 GiB: `FBIG` beyond, for which there are streams. `INCOMPLETE` rather than a part of it. */
  readFile(path: string, options?: ReadFileOptions<null> | null): Promise<Buffer>
  readFile(path: string, options: BufferEncoding | ReadFileOptions<BufferEncoding>): Promise<string>
  readFile(path: string, options?: BufferEncoding | ReadFileOptions | null): Promise<Buffer | string>
  async readFile(path: string, options: BufferEncoding | ReadFileOptions | null = {}): Promise<Buffer | string> {
    const { encoding, signal } = typeof options === 'string' ? { encoding: options } : (options ?? {})
    const settings = checkChunkOptions(this.#mounted.readBytes, { inFlight })
    const found = await this.#findFile(path, { signal })
    if (found.attributes.size > mostFileBytes)
      throw this.#error('FBIG', path, `${found.attributes.size} bytes, at most ${mostFileBytes} fit`, 'use a stream')
    const chunks: Buffer[] = []
    for await (const chunk of this.#read(path, found, settings, { signal })) chunks.push(chunk)
    const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
    return encoding ? bytes.toString(encoding) : bytes
  }

  /** The bytes of a file as they come, in order; see `ChunkOptions` for how far ahead of the consumer. Throws `OPTION_INVALID` at once. */
  chunks(path: string, options: ChunkOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    const settings = checkChunkOptions(this.#mounted.readBytes, options)
    return this.#chunks(path, settings, { signal: options.signal })
  }

  async *#chunks(path: string, settings: ChunkSettings, options: PathOptions): AsyncGenerator<Buffer, void, undefined> {
    yield* this.#read(path, await this.#findFile(path, options), settings, options)
  }

  async *#read(
    path: string,
    found: Found,
    settings: ChunkSettings,
    options: PathOptions,
  ): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* readChunks(this.#mounted, found, settings, options)
    } catch (error) {
      throw atPath(path, error)
    }
  }

  /** A stream of Node with backpressure; what fails is its `error`. `end` is the last byte, included. Throws `OPTION_INVALID` at once. */
  createReadStream(path: string, options: BufferEncoding | ReadStreamOptions = {}): Readable {
    const { encoding, ...given }: ReadStreamOptions = typeof options === 'string' ? { encoding: options } : options
    const { signal } = given
    const abort = signal === undefined ? {} : { signal }
    const stream = Readable.from(this.chunks(path, given), { objectMode: false, ...abort })
    return encoding === undefined ? stream : stream.setEncoding(encoding)
  }

  /** The same as a stream of the web, for `new Response(stream)` and the like. */
  readableWebStream(path: string, options: ChunkOptions = {}): ReadableStream<Uint8Array> {
    return ReadableStream.from<Uint8Array>(this.chunks(path, options))
  }

  /** Of what a path leads to. */
  async stat(path: string, options?: PathOptions): Promise<FileStats> {
    return new FileStats((await find(this.#mounted, path, true, options)).attributes)
  }

  /** Of the link itself, where the path's last name is one. */
  async lstat(path: string, options?: PathOptions): Promise<FileStats> {
    return new FileStats((await find(this.#mounted, path, false, options)).attributes)
  }

  /** The target of a symbolic link, as it is written there. `INVAL` for anything else. */
  async readlink(path: string, options?: PathOptions): Promise<string> {
    const { handle } = await find(this.#mounted, path, false, options)
    return await this.#mounted.readlink(handle, options).catch((error: unknown) => {
      throw atPath(path, error)
    })
  }

  /** Names in the order of the server, without `.` and `..`; entries with attributes if asked, which costs no more calls. */
  readdir(path: string, options?: PathOptions & { readonly withFileTypes?: false | undefined }): Promise<string[]>
  readdir(path: string, options: PathOptions & { readonly withFileTypes: true }): Promise<FileEntry[]>
  async readdir(
    path: string,
    { withFileTypes = false, signal }: PathOptions & { readonly withFileTypes?: boolean | undefined } = {},
  ): Promise<string[] | FileEntry[]> {
    const { handle } = await this.#findFolder(path, { signal })
    if (!withFileTypes) return await listNames(this.#mounted, handle, path, { signal })
    const entries: FileEntry[] = []
    for await (const entry of listEntries(this.#mounted, handle, path, { signal })) entries.push(entry)
    return entries
  }

  /** Entries a page at a time, for directories of any size. */
  async opendir(path: string, options: PathOptions = {}): Promise<OpenedFolder> {
    const { handle } = await this.#findFolder(path, options)
    return new OpenedFolder(path, listEntries(this.#mounted, handle, path, options))
  }

  async #findFile(path: string, options: PathOptions): Promise<Found> {
    const found = await find(this.#mounted, path, true, options)
    const { type } = found.attributes
    if (type === 'file') return found
    throw this.#error(type === 'directory' ? 'ISDIR' : 'INVAL', path, `a ${type}, expected a file`)
  }

  async #findFolder(path: string, options: PathOptions): Promise<Found> {
    const found = await find(this.#mounted, path, true, options)
    const { type } = found.attributes
    if (type === 'directory') return found
    throw this.#error('NOTDIR', path, `a ${type}, expected a directory`)
  }

  #error(code: NfsError['code'], path: string, problem: string, hint?: string): NfsError {
    const { host, exportPath } = this.#mounted
    return new NfsError(code, `${path}: ${problem}`, { host, exportPath, hint })
  }
}
