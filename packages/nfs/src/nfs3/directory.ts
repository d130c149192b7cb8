import { protocolError } from '../errors.ts'
import type { FileHandle } from '../handle.ts'
import type { XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'
import { type Attributes, decodeOptionalAttributes } from './attributes.ts'
import { MAX_NAME_BYTES } from './constants.ts'

/** What READDIR and READDIRPLUS have in common. */

export interface DirectoryArgs {
  readonly directory: FileHandle
  /** 0n for the first page, then the page's `cookie`. */
  readonly cookie: bigint
  /** 0n for the first page, then the page's. */
  readonly cookieVerifier: bigint
  /** Size of the page in bytes, of the whole reply. */
  readonly count: number
}

/** One name. */
export interface DirectoryEntry {
  /** As `decodeName` gives it. */
  readonly name: string
  readonly fileid: bigint
  /** The listing goes on behind this entry from here. */
  readonly cookie: bigint
  /** READDIRPLUS only, and only where the server likes: the object's attributes, and its handle. */
  readonly attributes: Attributes | undefined
  readonly handle: FileHandle | undefined
}

export interface DirectoryPage {
  /** Of the directory itself. */
  readonly attributes: Attributes | undefined
  /** In the order of the server, without `.` and `..`: a page may have no entry and yet not be the last. */
  readonly entries: readonly DirectoryEntry[]
  /** Where the next page begins. */
  readonly cookie: bigint
  readonly cookieVerifier: bigint
  /** Nothing follows. */
  readonly eof: boolean
}

export function encodePosition(w: XdrWriter, { directory, cookie, cookieVerifier }: DirectoryArgs): void {
  w.latin1(directory)
  w.u64(cookie)
  w.u64(cookieVerifier)
}

/** dirlist3 and dirlistplus3: a linked list of entries, each read by `entry` from behind its flag. */
export function decodePage(r: XdrReader, args: DirectoryArgs, entry: (r: XdrReader) => DirectoryEntry): DirectoryPage {
  const attributes = decodeOptionalAttributes(r)
  const cookieVerifier = r.u64()
  const entries: DirectoryEntry[] = []
  let { cookie } = args
  while (r.bool()) {
    const next = entry(r)
    cookie = next.cookie
    if (next.name !== '.' && next.name !== '..') entries.push(next)
  }
  const eof = r.bool()
  // Else whoever asks for page after page would do so for ever.
  if (!eof && cookie === args.cookie) throw protocolError('the listing does not move on, and does not end')
  return { attributes, entries, cookie, cookieVerifier, eof }
}

/** A name on the wire may be anything; one with a slash, a NUL, or nothing in it would lead a walk astray. */
export function decodeEntryName(r: XdrReader): string {
  const name = r.name(MAX_NAME_BYTES)
  if (name === '' || name.includes('/') || name.includes('\0'))
    throw protocolError(`${JSON.stringify(name)} is no name of a directory entry`)
  return name
}
