import { NfsError, protocolError } from '../errors.ts'
import { MOUNT_PROGRAM, NFS_PROGRAM, PORTMAP_PROGRAM } from '../nfs3/constants.ts'
import { padded, type XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'

/** Numbers of the flavors, RFC 5531 section 8.2 and the IANA registry. */
export const AUTH_NONE = 0
export const AUTH_SYS = 1
const RPCSEC_GSS = 6
/** RFC 2623 section 2.2: what MOUNT calls the three services of Kerberos 5. */
const flavorNames: Readonly<Record<number, string>> = {
  [AUTH_NONE]: 'none',
  [AUTH_SYS]: 'sys',
  [RPCSEC_GSS]: 'gss',
  390003: 'krb5',
  390004: 'krb5i',
  390005: 'krb5p',
}
export const flavorName = (flavor: number): string => flavorNames[flavor] ?? `flavor ${flavor}`

/** Longest body of a credential or verifier, RFC 5531 section 8.2. */
const maxAuthBytes = 400
export const maxMachineNameBytes = 255
export const maxGids = 16

/** The user that calls are made as: none, or one by numbers (AUTH_SYS, RFC 5531 appendix A). */
export type Credential =
  | { readonly flavor: 'none' }
  | {
      readonly flavor: 'sys'
      readonly machineName: string
      readonly uid: number
      readonly gid: number
      /** At most 16 supplementary groups. */
      readonly gids: readonly number[]
    }

/** `opaque_auth` with the credential in it. */
function encodeCredential(w: XdrWriter, credential: Credential): void {
  if (credential.flavor === 'none') {
    w.u32(AUTH_NONE)
    w.u32(0)
    return
  }
  w.u32(AUTH_SYS)
  const lengthAt = w.at
  w.u32(0)
  w.u32(0) // The stamp is any number; servers don't look at it.
  w.opaque(Buffer.from(credential.machineName, 'utf8'))
  w.u32(credential.uid)
  w.u32(credential.gid)
  w.u32(credential.gids.length)
  for (const gid of credential.gids) w.u32(gid)
  w.patchU32(lengthAt, w.at - lengthAt - 4)
}

/** Undefined for a flavor that is neither AUTH_NONE nor AUTH_SYS. */
function decodeCredential(r: XdrReader): Credential | undefined {
  const flavor = r.u32()
  const length = r.length(maxAuthBytes)
  const end = r.at + length
  if (flavor !== AUTH_SYS) {
    r.take(length)
    return flavor === AUTH_NONE ? { flavor: 'none' } : undefined
  }
  r.take(4)
  const machineName = r.opaque(maxMachineNameBytes).toString('utf8')
  const [uid, gid] = [r.u32(), r.u32()]
  const gids = Array.from({ length: r.length(maxGids) }, () => r.u32())
  if (r.at !== end) throw protocolError('the credential is not as long as it says')
  return { flavor: 'sys', machineName, uid, gid, gids }
}

/** AUTH_NONE, the only verifier that goes with the credentials here. */
function encodeVerifier(w: XdrWriter): void {
  w.u32(AUTH_NONE)
  w.u32(0)
}

/** Read over: nothing in AUTH_NONE and AUTH_SYS can be verified. */
function skipVerifier(r: XdrReader): void {
  r.take(4)
  const length = r.length(maxAuthBytes)
  r.take(padded(length))
}

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

const programNames: Readonly<Record<number, string>> = {
  [NFS_PROGRAM]: 'NFS',
  [MOUNT_PROGRAM]: 'MOUNT',
  [PORTMAP_PROGRAM]: 'the portmapper',
}

/** What a refusal means to a person. */
export function refusalError(
  refusal: RpcRefusal,
  procedure: string,
  { program, version }: { readonly program: number; readonly version: number },
): NfsError {
  const name = programNames[program] ?? `program ${program}`
  switch (refusal.kind) {
    case 'PROG_MISMATCH': {
      const versions = refusal.low === refusal.high ? `${refusal.low}` : `${refusal.low} to ${refusal.high}`
      const hint = `switch version ${version} of ${name} on at the server`
      return new NfsError('VERSION', `the server speaks ${name} in version ${versions} only, not ${version}`, { hint })
    }
    case 'PROG_UNAVAIL':
      return new NfsError('VERSION', `that port does not serve ${name}`, { hint: 'is the port right?' })
    case 'AUTH_ERROR':
      return new NfsError('RPC_REFUSED', `${procedure}: the server refuses the credential: ${refusal.status}`, {
        // AUTH_TOOWEAK is for Kerberos (RFC 2623 section 2.3), and yet nfs-ganesha says it for a source port.
        hint: 'the export may want Kerberos, another user, or a source port below 1024',
      })
    case 'PROC_UNAVAIL':
      return new NfsError('NOTSUPP', `${procedure}: the server does not have this procedure`)
    default:
      return new NfsError('RPC_REFUSED', `${procedure}: the server refuses the call: ${refusal.kind}`)
  }
}
