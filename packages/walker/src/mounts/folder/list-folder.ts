import type { Dir, Dirent } from 'node:fs'
import { lstat, opendir, readdir } from 'node:fs/promises'
import pLimit from 'p-limit'
import { WalkError } from '../../errors.ts'
import type { Entry } from '../mount.ts'
import { fromLatin1, kindOf } from './system.ts'

/** The handle of an entry that the listing called a regular file: opening it needs no look before. */
export const knownFile: unique symbol = Symbol('known regular file')

const pageEntries = 1024
const looksAtOnce = 32

export interface ListFolderOptions {
  /** See `FileSystemTraits`. Where not, the names that were given are remembered, all of the directory's at worst. */
  readonly tellsAllKinds: boolean
  readonly open?: typeof opendir | undefined
}

/**
 * Pages of at most 1024 entries; a shorter one is the last, and known to be without another call.
 * `directory` has to be bytes. Where a directory does not tell what its names are, as the kernel's NFS client does not
 * after the first page, Node would ask for each of them in the main thread, which then waits for the filer. It can't
 * put a name in latin1 behind bytes, and this error is the sign to take the names alone and look at each in parallel.
 */
export async function* listFolder(
  directory: Buffer,
  { tellsAllKinds, open = opendir }: ListFolderOptions,
): AsyncGenerator<Entry[], void> {
  const given = new Set<string>()
  try {
    for await (const page of typedPages(await open(directory, { encoding: 'latin1', bufferSize: pageEntries }))) {
      if (!tellsAllKinds || given.size === 0) for (const { name } of page) given.add(name)
      yield page
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_ARG_TYPE') throw error
    if (tellsAllKinds && given.size > 0)
      throw new WalkError('LISTING_CHANGED', 'the directory tells only of some of its names what they are')
    yield* untypedPages(directory, given)
  }
}

async function* typedPages(directory: Dir): AsyncGenerator<Entry[], void> {
  try {
    for (let more = true; more; ) {
      const page: Entry[] = []
      more = await fill(directory, page)
      yield page
    }
  } finally {
    await directory.close()
  }
}

/** False at the end of the directory. In callbacks: a promise an entry takes twice the time. */
function fill(directory: Dir, page: Entry[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const next = (error: NodeJS.ErrnoException | null, found: Dirent | null): void => {
      if (error) reject(error)
      else if (!found) resolve(false)
      else {
        const kind = kindOf(found)
        page.push({ name: fromLatin1(found.name), kind, handle: kind === 'file' ? knownFile : undefined })
        if (page.length < pageEntries) directory.read(next)
        else resolve(true)
      }
    }
    directory.read(next)
  })
}

/** The names that were not given yet. All at once, which is how Node gives names without kinds. */
async function* untypedPages(directory: Buffer, given: ReadonlySet<string>): AsyncGenerator<Entry[], void> {
  const all = await readdir(directory, { encoding: 'latin1' })
  const names = given.size === 0 ? all : all.filter((name) => !given.has(fromLatin1(name)))
  const limit = pLimit(looksAtOnce)
  for (let at = 0; at < names.length; at += pageEntries) {
    const looks = names.slice(at, at + pageEntries).map((name) => limit(look, directory, name))
    yield await Promise.all(looks)
  }
}

/** What can't be looked at, or has vanished since, passes for a file: reading it will say why. */
async function look(directory: Buffer, latin1: string): Promise<Entry> {
  const name = fromLatin1(latin1)
  try {
    const stats = await lstat(Buffer.concat([directory, slash, Buffer.from(latin1, 'latin1')]))
    const kind = kindOf(stats)
    return { name, kind, size: stats.size, modifiedMs: stats.mtimeMs, handle: kind === 'file' ? knownFile : undefined }
  } catch {
    return { name, kind: 'file' }
  }
}

const slash = Buffer.from('/')
