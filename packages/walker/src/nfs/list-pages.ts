import {
  type Attributes,
  type CallOptions,
  type DirectoryEntry,
  type FileHandle,
  isNfsError,
  type NfsExport,
} from '@cachewarmer/nfs'
import pLimit from 'p-limit'
import type { DirectoryPage, Entry } from '../mount.ts'
import { entryOf } from './entry.ts'
import { readPosition, writePosition } from './position.ts'

/** LOOKUPs out at a time for entries of one listing that came without attributes. */
const lookupsAtOnce = 32

/** Where one listing begins. */
export interface Listing {
  readonly directory: FileHandle
  readonly resume?: string | undefined
  readonly asking: CallOptions
}

/** A directory page by page, in the order of the server; each page but the last says where to go on. */
export async function* listPages(
  mounted: NfsExport,
  { directory, resume, asking }: Listing,
): AsyncGenerator<DirectoryPage, void> {
  const space = mounted.handleSpace
  const from = resume === undefined ? {} : { from: readPosition(space, resume) }
  const limit = pLimit(lookupsAtOnce)
  const complete = async (entry: DirectoryEntry): Promise<Entry | undefined> =>
    isKnown(entry) ? made(entry) : await limit(lookUp, mounted, directory, entry.name, asking)
  for await (const page of mounted.list(directory, { ...from, ...asking })) {
    const entries = page.entries.every(isKnown)
      ? page.entries.map(made)
      : (await Promise.all(page.entries.map(complete))).filter((entry) => entry !== undefined)
    yield { entries, resume: page.eof ? undefined : writePosition(space, page) }
  }
}

type KnownEntry = DirectoryEntry & { readonly attributes: Attributes }

const isKnown = (entry: DirectoryEntry): entry is KnownEntry => entry.attributes !== undefined
const made = ({ name, attributes, handle }: KnownEntry): Entry => entryOf(name, attributes, handle)

/** Undefined for what has vanished since. What may not be looked at passes for a file: reading it will say why. */
async function lookUp(
  mounted: NfsExport,
  directory: FileHandle,
  name: string,
  asking: CallOptions,
): Promise<Entry | undefined> {
  try {
    const { handle, attributes } = await mounted.lookup(directory, name, asking)
    return entryOf(name, attributes ?? (await mounted.getattr(handle, asking)), handle)
  } catch (error) {
    if (!isNfsError(error)) throw error
    if (error.code === 'NOENT') return undefined
    if (error.code === 'ACCES' || error.code === 'PERM') return { name, kind: 'file' }
    throw error
  }
}
