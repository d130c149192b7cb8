import type { Dir, Dirent } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import type { Entry, EntryKind } from '../mount.ts'
import { fromLatin1 } from './path-bytes.ts'

/** What the handle of an entry says: the listing called it a regular file, so opening it needs no second look. */
export const knownFile: unique symbol = Symbol('known regular file')

const pageEntries = 1024

/** Pages of at most 1024 entries. `undefined` kinds of old file systems come out as `other` never: each is looked at. */
export async function* listFolder(systemPath: string | Buffer): AsyncGenerator<Entry[], void> {
  const directory = await opendir(systemPath, { encoding: 'latin1', bufferSize: pageEntries } as never)
  try {
    for (let end = false; !end; ) {
      const page: Entry[] = []
      end = await fill(directory, page)
      yield page
    }
  } finally {
    await directory.close()
  }
}

/** True at the end of the directory. */
function fill(directory: Dir, page: Entry[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const next = (error: NodeJS.ErrnoException | null, found: Dirent | null): void => {
      if (error) return reject(error)
      if (!found) return resolve(true)
      page.push(entryOf(found))
      if (page.length >= pageEntries) resolve(false)
      else directory.read(next)
    }
    directory.read(next)
  })
}

function entryOf(found: Dirent): Entry {
  const name = fromLatin1(found.name)
  if (found.isFile()) return { name, kind: 'file', handle: knownFile }
  return { name, kind: found.isDirectory() ? 'directory' : found.isSymbolicLink() ? 'symlink' : 'other' }
}

export type { EntryKind }
export { lstat }
