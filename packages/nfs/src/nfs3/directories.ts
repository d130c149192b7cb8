import type { Procedure } from '../rpc/call.ts'
import { encodeName } from '../xdr/names.ts'
import type { XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'
import { maxNameBytes } from './constants.ts'
import {
  type Attributes,
  decodeHandle,
  decodeListedAttributes,
  decodeOptionalAttributes,
  decodeOptionalHandle,
  type FileHandle,
  skipOptionalAttributes,
} from './objects.ts'
import { withStatus } from './status.ts'

export interface LookupArgs {
  readonly directory: FileHandle
  readonly name: string
}

export interface LookupResult {
  readonly handle: FileHandle
  readonly attributes: Attributes | undefined
}

/** RFC 1813 section 3.3.3 */
export const LOOKUP: Procedure<LookupArgs, LookupResult> = withStatus({
  name: 'LOOKUP',
  number: 3,
  encode(w, { directory, name }) {
    w.latin1(directory)
    w.opaque(encodeName(name))
  },
  decode(r) {
    const result = { handle: decodeHandle(r), attributes: decodeOptionalAttributes(r) }
    skipOptionalAttributes(r)
    return result
  },
})

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
  /** The listing resumes behind this entry from here. */
  readonly cookie: bigint
  /** READDIRPLUS only, and only where the server likes: the object's attributes, and its handle. */
  readonly attributes: Attributes | undefined
  readonly handle: FileHandle | undefined
}

/** What the server lists and no directory can hold. */
export interface RefusedEntry {
  /** As it came: empty, with a slash or a NUL in it, or of more than 4,096 bytes. */
  readonly name: string
  readonly reason: string
}

export interface DirectoryPage {
  /** Of the directory itself. */
  readonly attributes: Attributes | undefined
  /** In the order of the server, without `.` and `..`: a page may have no entry and yet not be the last. */
  readonly entries: readonly DirectoryEntry[]
  /** Entries whose names would lead a walk astray. */
  readonly refused: readonly RefusedEntry[]
  /** Where the next page begins. */
  readonly cookie: bigint
  readonly cookieVerifier: bigint
  /** Nothing follows. */
  readonly eof: boolean
}

function encodePosition(w: XdrWriter, { directory, cookie, cookieVerifier }: DirectoryArgs): void {
  w.latin1(directory)
  w.u64(cookie)
  w.u64(cookieVerifier)
}

/** dirlist3 and dirlistplus3: a linked list of entries, each read by `entry` from behind its flag. */
function decodePage(r: XdrReader, args: DirectoryArgs, entry: (r: XdrReader) => DirectoryEntry): DirectoryPage {
  const attributes = decodeListedAttributes(r)
  const cookieVerifier = r.u64()
  const entries: DirectoryEntry[] = []
  const refused: RefusedEntry[] = []
  let { cookie } = args
  while (r.bool()) {
    const next = entry(r)
    cookie = next.cookie
    const { name } = next
    if (name === '.' || name === '..') continue
    const reason = wrongName(name)
    if (reason === undefined) entries.push(next)
    else refused.push({ name, reason })
  }
  return { attributes, entries, refused, cookie, cookieVerifier, eof: r.bool() }
}

/** A name on the wire may be anything that fits into the message. */
const decodeEntryName = (r: XdrReader): string => r.name(Number.POSITIVE_INFINITY)

function wrongName(name: string): string | undefined {
  if (name === '') return 'the name is empty'
  if (name.includes('/')) return 'the name has a slash in it'
  if (name.includes('\0')) return 'the name has a NUL in it'
  return name.length > maxNameBytes ? `the name is longer than ${maxNameBytes} bytes` : undefined
}

/** RFC 1813 section 3.3.16: names only, for exports that refuse READDIRPLUS. */
export const READDIR: Procedure<DirectoryArgs, DirectoryPage> = withStatus({
  name: 'READDIR',
  number: 16,
  encode(w, args) {
    encodePosition(w, args)
    w.u32(args.count)
  },
  decode: (r, args) => decodePage(r, args, decodeNamed),
})

function decodeNamed(r: XdrReader): DirectoryEntry {
  const fileid = r.u64()
  const name = decodeEntryName(r)
  return { name, fileid, cookie: r.u64(), attributes: undefined, handle: undefined }
}

/** RFC 1813 section 3.3.17: names, attributes and handles together, so that a small file costs one READ more. */
export const READDIRPLUS: Procedure<DirectoryArgs, DirectoryPage> = withStatus({
  name: 'READDIRPLUS',
  number: 17,
  encode(w, args) {
    encodePosition(w, args)
    // Bytes of names and cookies alone, and of the whole reply: let the second be the only bound.
    w.u32(args.count)
    w.u32(args.count)
  },
  decode: (r, args) => decodePage(r, args, decodeListed),
})

function decodeListed(r: XdrReader): DirectoryEntry {
  const fileid = r.u64()
  const name = decodeEntryName(r)
  return { name, fileid, cookie: r.u64(), attributes: decodeListedAttributes(r), handle: decodeOptionalHandle(r) }
}
