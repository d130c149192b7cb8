import { FHSIZE, maxNameBytes, NFS_PROGRAM, NFS_VERSION, nfsStatus } from '../nfs3/constants.ts'
import type { Attributes, FileHandle } from '../nfs3/objects.ts'
import { encodeName } from '../xdr/names.ts'
import type { XdrReader } from '../xdr/reader.ts'
import { XdrWriter } from '../xdr/writer.ts'
import { childAt, decodeTreeHandle, encodeTreeHandle, fileidOf, type TreePlace } from './handles.ts'
import type { OddListing } from './odd-listing.ts'
import { type ServiceProcedures, StatusError } from './program.ts'
import {
  encodeAttributes,
  encodeName3,
  encodeNamePlus3,
  encodeOptionalAttributes,
  type WrittenAttributes,
} from './results.ts'
import type { ServedCall } from './rpc-server.ts'
import { contentOf, type ReadAnswer, type TreeDirectory, type TreeNode } from './tree.ts'

/** What the NFS program needs to know; the server may change it while it runs. */
export interface NfsProgramState {
  readonly tree: TreeDirectory
  readonly rtmax: number
  readonly rtpref: number
  readonly dtpref: number
  readonly maxFileSize: bigint
  /** Longest page that is given, however long a one is asked for. */
  readonly pageBytes: number
  readonly readdirplus: boolean
  /** Whether answers carry the attributes that RFC 1813 lets a server leave out. */
  readonly attributes: boolean
  generation: number
  cookieVerifier: bigint
  readonly odd: OddListing
}

type NfsResults = (w: XdrWriter) => void
type Procedure = (args: XdrReader) => NfsResults
/** `.` and `..` have the cookies 1 and 2, the entry at `index` has `index + 3`. */
const firstCookie = 3
/** In front of a page's entries and behind them: status, attributes, verifier, end. */
const PAGE_BYTES = 4 + 88 + 8 + 8

/** The procedures of NFSv3 that read, by number. */
function nfsProcedures(state: NfsProgramState): ReadonlyMap<number, Procedure> {
  const place = (r: XdrReader): TreePlace => {
    const found = decodeTreeHandle(state.tree, state.generation, r.latin1(FHSIZE))
    if (typeof found === 'string') throw new StatusError(found)
    return found
  }
  const directoryOf = ({ node }: TreePlace): TreeDirectory => {
    if (node.type !== 'directory') throw new StatusError('NOTDIR')
    return node
  }
  const post = (at: TreePlace): Attributes | undefined => (state.attributes ? attributesOf(at) : undefined)
  const handleOf = (indexes: readonly number[]): FileHandle => encodeTreeHandle(state.generation, indexes) as FileHandle
  const child = (parent: TreePlace, index: number): TreePlace => childAt(state.tree, parent, index)
  const { odd } = state
  const oddAttributes = (at: TreePlace, name: string): WrittenAttributes | undefined => {
    const attributes = post(at)
    const type = odd.typeOf?.(name)
    return type === undefined || attributes === undefined ? attributes : { ...attributes, type }
  }

  const lookup: Procedure = (r) => {
    const parent = place(r)
    const name = r.name(maxNameBytes)
    if (Buffer.byteLength(name) > 255) throw new StatusError('NAMETOOLONG')
    const status = odd.lookUp?.(name)
    if (status !== undefined) throw new StatusError(status)
    const index = directoryOf(parent).find(name)
    if (index === undefined) throw new StatusError('NOENT')
    const found = child(parent, index)
    return (w) => {
      w.latin1(handleOf(found.indexes))
      encodeOptionalAttributes(w, oddAttributes(found, name))
      encodeOptionalAttributes(w, post(parent))
    }
  }

  const read: Procedure = (r) => {
    const at = place(r)
    const [offset, asked] = [r.u64(), r.u32()]
    if (at.node.type === 'directory') throw new StatusError('ISDIR')
    if (at.node.type !== 'file') throw new StatusError('INVAL')
    const odd = at.node.answer?.(Number(offset), asked)
    const content = contentOf(at.node, offset, odd?.count ?? Math.min(asked, state.rtmax))
    // An odd answer may hold more than the file has.
    const bytes = odd?.count === undefined ? content : Buffer.concat([content], odd.count)
    const eof = odd?.eof ?? offset + BigInt(bytes.length) >= BigInt(at.node.size)
    return (w) => {
      encodeOptionalAttributes(w, odd?.size === null ? undefined : described(post(at), odd))
      w.u32(odd?.said ?? bytes.length)
      w.bool(eof)
      w.opaque(bytes)
    }
  }

  const list =
    (plus: boolean): Procedure =>
    (r) => {
      const parent = place(r)
      const [cookie, verifier] = [r.u64(), r.u64()]
      if (plus && !state.readdirplus) throw new StatusError('NOTSUPP')
      if (plus) r.take(4)
      const asked = r.u32()
      const refusal = plus ? odd.plus?.(asked) : undefined
      if (refusal !== undefined) throw new StatusError(refusal)
      const most = Math.min(asked, state.pageBytes)
      if (cookie !== 0n && verifier !== state.cookieVerifier) throw new StatusError('BAD_COOKIE')
      const directory = directoryOf(parent)
      const last = directory.count + firstCookie - 1
      const entries = new XdrWriter(Buffer.allocUnsafe(4096))
      let next = Number(cookie)
      if (odd.beginAt !== undefined && next >= firstCookie - 1)
        next = odd.beginAt(next - firstCookie + 1, directory) + firstCookie - 1
      let given = 0
      for (; next < last && given < (odd.entriesPerPage ?? Number.POSITIVE_INFINITY); next++, given++) {
        const before = entries.at
        const index = next - firstCookie + 1
        const at = index < 0 ? parent : child(parent, index)
        const name = index < 0 ? '.'.repeat(next + 1) : directory.at(index).name
        const bytes = odd.nameOf?.(name) ?? encodeName(name)
        const entryCookie = odd.freshCookies === true ? cookie + BigInt(given + 1) : BigInt(next + 1)
        const entry = { fileid: attributesOf(at).fileid, cookie: entryCookie }
        const bare = odd.bare?.(name) === true
        const attributes = bare ? undefined : oddAttributes(at, name)
        entries.bool(true)
        if (plus)
          encodeNamePlus3(entries, { ...entry, attributes, handle: bare ? undefined : handleOf(at.indexes) }, bytes)
        else encodeName3(entries, entry, bytes)
        if (entries.at + PAGE_BYTES > most) {
          entries.at = before
          break
        }
      }
      const eof = next >= last && odd.endless?.(directory) !== true
      if (!eof && entries.at === 0 && odd.endless === undefined) throw new StatusError('TOOSMALL')
      return (w) => {
        encodeOptionalAttributes(w, post(parent))
        w.u64(state.cookieVerifier)
        w.raw(entries.written())
        w.bool(false)
        w.bool(eof)
      }
    }

  return new Map<number, Procedure>([
    [0, () => () => {}],
    [1, (r) => bind(place(r), (at, w) => encodeAttributes(w, attributesOf(at)))],
    [3, lookup],
    [
      4,
      (r) =>
        bind({ at: place(r), mask: r.u32() }, ({ at, mask }, w) => {
          encodeOptionalAttributes(w, post(at))
          w.u32(mask & 0x23)
        }),
    ],
    [
      5,
      (r) =>
        bind(linkAt(place(r)), ({ at, target }, w) => {
          encodeOptionalAttributes(w, post(at))
          w.opaque(encodeName(target))
        }),
    ],
    [6, read],
    [16, list(false)],
    [17, list(true)],
    [
      18,
      (r) =>
        bind(place(r), (at, w) => {
          encodeOptionalAttributes(w, post(at))
          for (const number of [1n << 50n, 1n << 49n, 1n << 48n, 1_000_000n, 900_000n, 800_000n]) w.u64(number)
          w.u32(0)
        }),
    ],
    [
      19,
      (r) =>
        bind(place(r), (at, w) => {
          encodeOptionalAttributes(w, post(at))
          for (const number of [state.rtmax, state.rtpref, 512, 0, 0, 0, state.dtpref]) w.u32(number)
          w.u64(state.maxFileSize)
          for (const number of [0, 1, 0x1b]) w.u32(number)
        }),
    ],
  ])
}

/** The attributes, with what an odd answer says instead. */
const described = (known: Attributes | undefined, odd: ReadAnswer | undefined): Attributes | undefined =>
  known && { ...known, type: odd?.type ?? known.type, size: BigInt(odd?.size ?? known.size) }

/** Arguments are read when a call comes, results written when its answer goes: nothing may be thrown then. */
const bind =
  <T>(args: T, write: (args: T, w: XdrWriter) => void): NfsResults =>
  (w) =>
    write(args, w)

function linkAt(at: TreePlace): { readonly at: TreePlace; readonly target: string } {
  if (at.node.type !== 'symlink') throw new StatusError('INVAL')
  return { at, target: at.node.target }
}

function sizeOf(node: TreeNode): bigint {
  if (node.type === 'file') return BigInt(node.size)
  if (node.type === 'symlink') return BigInt(encodeName(node.target).length)
  return node.type === 'directory' ? 4096n : 0n
}

/** Everything that a node does not say has one value. */
function attributesOf({ node, indexes, numbered = indexes }: TreePlace): Attributes {
  const {
    mode = node.type === 'directory' ? 0o755 : 0o644,
    uid = 0,
    gid = 0,
    modifiedMs = 1_700_000_000_000,
    fileid = fileidOf(numbered),
  } = node.meta ?? {}
  const size = sizeOf(node)
  const times = { accessedMs: modifiedMs, modifiedMs, changedMs: modifiedMs }
  return { type: node.type, mode, nlink: 1, uid, gid, size, used: size, fsid: 1n, fileid, ...times }
}

const names: Readonly<Record<number, string>> = {
  0: 'NULL',
  1: 'GETATTR',
  3: 'LOOKUP',
  4: 'ACCESS',
  5: 'READLINK',
  6: 'READ',
  16: 'READDIR',
  17: 'READDIRPLUS',
  18: 'FSSTAT',
  19: 'FSINFO',
}

/** NFS. In another version than 3 it has no procedures: there is nothing here that speaks it. */
export function nfsService(
  state: NfsProgramState,
  version: number,
  allowed: (call: ServedCall) => boolean,
): ServiceProcedures {
  const procedures = nfsProcedures(state)
  return {
    program: NFS_PROGRAM,
    version,
    names: version === NFS_VERSION ? names : {},
    answer(call, args) {
      const results = procedures.get(call.procedure)?.(args) ?? (() => {})
      if (call.procedure === 0) return results
      if (!allowed(call)) throw new StatusError('PERM')
      return (w) => {
        w.u32(nfsStatus.OK)
        results(w)
      }
    },
  }
}
