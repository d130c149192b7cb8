import { protocolError } from '../errors.ts'
import type { XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'
import { type Credential, decodeCredential, encodeCredential, encodeVerifier, skipVerifier } from './auth.ts'

/*
 * RPC messages, RFC 5531 section 9, both ways: what the client writes, the servers of the tests read.
 */

const CALL = 0
const REPLY = 1
const RPC_VERSION = 2
const ACCEPTED = 0
const DENIED = 1

/** accept_stat other than SUCCESS, by number. The table is the specification; see `decodeReply`. */
const acceptStatus = ['SUCCESS', 'PROG_UNAVAIL', 'PROG_MISMATCH', 'PROC_UNAVAIL', 'GARBAGE_ARGS', 'SYSTEM_ERR'] as const

/** auth_stat, by number. */
const authStatus = [
  'AUTH_OK',
  'AUTH_BADCRED',
  'AUTH_REJECTEDCRED',
  'AUTH_BADVERF',
  'AUTH_REJECTEDVERF',
  'AUTH_TOOWEAK',
  'AUTH_INVALIDRESP',
  'AUTH_FAILED',
] as const
type AuthStatus = (typeof authStatus)[number]

/** Why a server did not even begin with a call. */
export type RpcRefusal =
  | { readonly kind: 'PROG_UNAVAIL' | 'PROC_UNAVAIL' | 'GARBAGE_ARGS' | 'SYSTEM_ERR' }
  /** The program (or RPC itself) exists there in the versions `low` to `high`. */
  | { readonly kind: 'PROG_MISMATCH' | 'RPC_MISMATCH'; readonly low: number; readonly high: number }
  | { readonly kind: 'AUTH_ERROR'; readonly status: AuthStatus | number }

export interface CallHeader {
  readonly xid: number
  readonly program: number
  readonly version: number
  readonly procedure: number
  /** Undefined when decoded from a flavor that is neither AUTH_NONE nor AUTH_SYS. */
  readonly credential: Credential | undefined
}

/** Everything in front of a call's arguments. */
export function encodeCall(w: XdrWriter, call: CallHeader): void {
  w.u32(call.xid)
  w.u32(CALL)
  w.u32(RPC_VERSION)
  w.u32(call.program)
  w.u32(call.version)
  w.u32(call.procedure)
  encodeCredential(w, call.credential ?? { flavor: 'none' })
  encodeVerifier(w)
}

/** Leaves the reader at the arguments. A call in another version of RPC than 2 is undefined, its xid read. */
export function decodeCall(r: XdrReader): CallHeader {
  const xid = r.u32()
  if (r.u32() !== CALL) throw protocolError('a call was expected')
  const rpcVersion = r.u32()
  if (rpcVersion !== RPC_VERSION) throw protocolError(`RPC version 2 was expected, got ${rpcVersion}`)
  const [program, version, procedure] = [r.u32(), r.u32(), r.u32()]
  const credential = decodeCredential(r)
  skipVerifier(r)
  return { xid, program, version, procedure, credential }
}

/** Everything in front of a reply's results, or the whole reply when it is a refusal. */
export function encodeReply(w: XdrWriter, xid: number, refusal?: RpcRefusal): void {
  w.u32(xid)
  w.u32(REPLY)
  if (refusal?.kind === 'AUTH_ERROR' || refusal?.kind === 'RPC_MISMATCH') {
    w.u32(DENIED)
    w.u32(refusal.kind === 'AUTH_ERROR' ? 1 : 0)
    if (refusal.kind === 'AUTH_ERROR') {
      w.u32(typeof refusal.status === 'number' ? refusal.status : authStatus.indexOf(refusal.status))
      return
    }
  } else {
    w.u32(ACCEPTED)
    encodeVerifier(w)
    w.u32(acceptStatus.indexOf(refusal?.kind ?? 'SUCCESS'))
  }
  if (refusal !== undefined && 'low' in refusal) {
    w.u32(refusal.low)
    w.u32(refusal.high)
  }
}

/**
 * Reads a reply from behind its xid. Undefined means accepted, and the reader stands at the results; else it says why
 * there are none. Throws `PROTOCOL` for what is no reply.
 */
export function decodeReply(r: XdrReader): RpcRefusal | undefined {
  if (r.u32() !== REPLY) throw protocolError('a reply was expected')
  const status = r.u32()
  if (status === ACCEPTED) return decodeAccepted(r)
  if (status === DENIED) return decodeDenied(r)
  throw protocolError(`a reply is accepted or denied, got ${status}`)
}

function decodeAccepted(r: XdrReader): RpcRefusal | undefined {
  skipVerifier(r)
  const number = r.u32()
  const kind = acceptStatus[number]
  if (kind === 'SUCCESS') return undefined
  if (kind === undefined) throw protocolError(`an accept status of at most 5 was expected, got ${number}`)
  return kind === 'PROG_MISMATCH' ? { kind, low: r.u32(), high: r.u32() } : { kind }
}

function decodeDenied(r: XdrReader): RpcRefusal {
  const reason = r.u32()
  if (reason === 0) return { kind: 'RPC_MISMATCH', low: r.u32(), high: r.u32() }
  if (reason !== 1) throw protocolError(`a reply is denied for its version or its credential, got ${reason}`)
  const status = r.u32()
  return { kind: 'AUTH_ERROR', status: authStatus[status] ?? status }
}
