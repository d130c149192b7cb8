import type { CallOptions, NfsExport } from '../client/export.ts'
import { isNfsError, NfsError } from '../errors.ts'
import type { Attributes, FileHandle } from '../nfs3/objects.ts'
import { FileEntry } from './stats.ts'

/**
 * The entries of a directory, a page at a time: memory does not grow with their number. Where a server leaves out the
 * attributes of an entry, they are asked for one by one. Throws `PROTOCOL` in the end, if
 * the server listed names that no directory may hold.
 */
export async function* listEntries(
  mounted: NfsExport,
  directory: FileHandle,
  path: string,
  options: CallOptions,
): AsyncGenerator<FileEntry, void, undefined> {
  let refused = 0
  for await (const page of mounted.list(directory, options)) {
    refused += page.refused.length
    for (const { name, attributes } of page.entries) {
      const known = attributes ?? (await lookUp(mounted, directory, name, options))
      if (known !== undefined) yield new FileEntry(name, path, known)
    }
  }
  refuseNames(mounted, path, refused)
}

/** Undefined: it was removed since. */
async function lookUp(
  mounted: NfsExport,
  directory: FileHandle,
  name: string,
  options: CallOptions,
): Promise<Attributes | undefined> {
  try {
    const { handle, attributes } = await mounted.lookup(directory, name, options)
    return attributes ?? (await mounted.getattr(handle, options))
  } catch (error) {
    if (isNfsError(error) && error.code === 'NOENT') return undefined
    throw error
  }
}

/** Names alone, in the order of the server: no attributes are asked for. */
export async function listNames(
  mounted: NfsExport,
  directory: FileHandle,
  path: string,
  options: CallOptions,
): Promise<string[]> {
  const names: string[] = []
  let refused = 0
  for await (const page of mounted.list(directory, options)) {
    refused += page.refused.length
    for (const { name } of page.entries) names.push(name)
  }
  refuseNames(mounted, path, refused)
  return names
}

/** Dropping them would be a listing that claims to be whole. */
function refuseNames({ host, exportPath }: NfsExport, path: string, refused: number): void {
  if (refused === 0) return
  const problem = `${path}: the server lists ${refused} names that no directory may hold`
  throw new NfsError('PROTOCOL', problem, { host, exportPath })
}

/** An opened directory in the shape of `fs.Dir`: iterate over it, or ask for one entry after the other. */
export class OpenedFolder implements AsyncIterable<FileEntry>, AsyncDisposable {
  readonly path: string
  readonly #entries: AsyncGenerator<FileEntry, void, undefined>

  constructor(path: string, entries: AsyncGenerator<FileEntry, void, undefined>) {
    this.path = path
    this.#entries = entries
  }

  /** Null: nothing follows. */
  async read(): Promise<FileEntry | null> {
    const { value } = await this.#entries.next()
    return value ?? null
  }

  /** Ends the listing. Nothing stays open at the server. */
  async close(): Promise<void> {
    await this.#entries.return()
  }

  [Symbol.asyncIterator](): AsyncGenerator<FileEntry, void, undefined> {
    return this.#entries
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
