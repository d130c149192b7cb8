import {
  type Attributes,
  type CallOptions,
  type DirectoryEntry,
  type FileHandle,
  isNfsError,
  type ListPosition,
  type NfsError,
  type NfsExport,
  type PageMark,
  type RefusedEntry,
} from '@cachewarmer/nfs'
import pLimit from 'p-limit'
import { asWalkError, isMountAway, WalkError } from '../../errors.ts'
import { hashPath, joinPath, show } from '../../paths.ts'
import type { DirectoryPage, Entry } from '../mount.ts'
import { entryOf, fromNfs, idOf } from './translate.ts'

/** LOOKUPs out at a time for entries of one listing that came without attributes. */
const lookupsAtOnce = 32
/** How long one of them may be put off with JUKEBOX. The neighbours of its entry wait for it to be read. */
const putOffMs = 10_000

/** Where one listing begins. */
export interface Listing {
  readonly directory: FileHandle
  /** For errors. */
  readonly path: string
  readonly resume?: string | undefined
  readonly asking: CallOptions
}

/** A directory page by page, in the order of the server; each page but the last says where to resume. */
export async function* listPages(mounted: NfsExport, listing: Listing): AsyncGenerator<DirectoryPage, void> {
  const { directory, path, resume, asking } = listing
  const space = mounted.handleSpace
  const from = resume === undefined ? {} : { from: readPosition(space, resume) }
  const limit = pLimit(lookupsAtOnce)
  const complete = async (entry: DirectoryEntry): Promise<Entry> =>
    isKnown(entry) ? made(entry) : await limit(lookUp, mounted, listing, entry.name)
  let first = true
  for await (const page of mounted.list(directory, { ...from, ...asking })) {
    const { entries, attributes, next } = page
    yield {
      entries: entries.every(isKnown) ? entries.map(made) : await Promise.all(entries.map(complete)),
      directory: first ? { id: attributes && idOf(attributes), handle: directory } : undefined,
      refused: page.refused.map((entry) => refusal(path, entry)),
      resume: next && writePosition(space, next),
    }
    first = false
  }
}

type KnownEntry = DirectoryEntry & { readonly attributes: Attributes }

const isKnown = (entry: DirectoryEntry): entry is KnownEntry => entry.attributes !== undefined
const made = ({ name, attributes, handle }: KnownEntry): Entry => entryOf(name, attributes, handle)

const refusal = (path: string, { name, reason }: RefusedEntry): WalkError =>
  new WalkError('IO', `${path}: the server lists ${show(name)}, which no directory holds: ${reason}`)

/** What can't be looked at is `unknown`: its neighbours are sound. Throws only what says that the server is away. */
async function lookUp(mounted: NfsExport, listing: Listing, name: string): Promise<Entry> {
  const { directory, path } = listing
  const asking = { ...listing.asking, jukeboxMs: putOffMs }
  try {
    const { handle, attributes } = await mounted.lookup(directory, name, asking)
    return entryOf(name, attributes ?? (await mounted.getattr(handle, asking)), handle)
  } catch (error) {
    if (!isNfsError(error) || (await isAway(mounted, listing, error))) throw error
    return { name, kind: 'unknown', error: asWalkError(fromNfs(error, joinPath(path, name))) }
  }
}

/** When the server answers for the directory, an entry without an answer is alone in trouble. */
async function isAway(mounted: NfsExport, { directory, asking }: Listing, error: NfsError): Promise<boolean> {
  if (error.code === 'CLOSED' || !isMountAway(asWalkError(fromNfs(error)))) return error.code === 'CLOSED'
  try {
    await mounted.getattr(directory, asking)
    return false
  } catch {
    return true
  }
}

/*
 * Where a listing resumes, as text: `space-cookie-verifier-idle-mark-mark...`, each in hex. A cookie has a meaning only for
 * the filer that gave it; another may take it and silently leave entries out. So the text names the filer's space. The
 * fields after the verifier show when the listing leads back; they may be missing.
 */
const shape =
  /^([0-9a-f]{1,8})-([0-9a-f]{1,16})-([0-9a-f]{1,16})(?:-([0-9a-f]{1,4})((?:-[0-9a-f]{1,16}\.(?:[0-9a-f]{16})?){0,32}))?$/

export function writePosition(space: string, position: ListPosition): string {
  const { cookie, cookieVerifier, marks = [], idlePages = 0 } = position
  const idle = Math.max(0, idlePages).toString(16)
  const trail = marks.map((mark) => `-${mark.cookie.toString(16)}.${mark.first}`).join('')
  return `${hashPath(space).toString(16)}-${cookie.toString(16)}-${cookieVerifier.toString(16)}-${idle}${trail}`
}

/** Throws `OPTION_INVALID` for what `writePosition` never wrote, `LISTING_CHANGED` for a position of another space. */
export function readPosition(space: string, text: string): ListPosition {
  const [, owner, cookie, cookieVerifier, idle = '0', trail = ''] = shape.exec(text) ?? []
  if (owner === undefined)
    throw new WalkError('OPTION_INVALID', `resume is ${show(text)}, expected what a page of an NFS listing said`)
  if (owner !== hashPath(space).toString(16))
    throw new WalkError('LISTING_CHANGED', 'the listing was begun at another filer, or before its export was replaced')
  const marks = trail.split('-').slice(1).map(readMark)
  const idlePages = Number.parseInt(idle, 16)
  return { cookie: BigInt(`0x${cookie}`), cookieVerifier: BigInt(`0x${cookieVerifier}`), marks, idlePages }
}

function readMark(text: string): PageMark {
  const [cookie, first = ''] = text.split('.')
  return { cookie: BigInt(`0x${cookie}`), first }
}
