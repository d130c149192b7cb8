import { protocolError } from '../errors.ts'
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
const MAX_AUTH_BYTES = 400
export const MAX_MACHINE_NAME_BYTES = 255
export const MAX_GIDS = 16

/** Who the server shall take the caller for: nobody in particular, or a user by numbers (RFC 5531 appendix A). */
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
export function encodeCredential(w: XdrWriter, credential: Credential): void {
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
export function decodeCredential(r: XdrReader): Credential | undefined {
  const flavor = r.u32()
  const length = r.length(MAX_AUTH_BYTES)
  const end = r.at + length
  if (flavor !== AUTH_SYS) {
    r.take(length)
    return flavor === AUTH_NONE ? { flavor: 'none' } : undefined
  }
  r.take(4)
  const machineName = r.opaque(MAX_MACHINE_NAME_BYTES).toString('utf8')
  const [uid, gid] = [r.u32(), r.u32()]
  const gids = Array.from({ length: r.length(MAX_GIDS) }, () => r.u32())
  if (r.at !== end) throw protocolError('the credential is not as long as it says')
  return { flavor: 'sys', machineName, uid, gid, gids }
}

/** AUTH_NONE, the only verifier that goes with the credentials here. */
export function encodeVerifier(w: XdrWriter): void {
  w.u32(AUTH_NONE)
  w.u32(0)
}

/** Read over: nothing in AUTH_NONE and AUTH_SYS can be verified. */
export function skipVerifier(r: XdrReader): void {
  r.take(4)
  const length = r.length(MAX_AUTH_BYTES)
  r.take(padded(length))
}
